-- Makes links between the documents lead to their pages; that of the README is index.html.
local start = PANDOC_STATE.output_file:match("[^/]*$") == "index.html"

function Link(link)
  if link.target:match("^%a[%w+.-]*:") then
    return link
  end
  local path, fragment = link.target:match("^([^#]*)(.*)$")
  if path == "../README.md" or (start and path == "README.md") then
    path = path:gsub("README%.md$", "index.html")
  end
  link.target = path:gsub("%.md$", ".html") .. fragment
  return link
end
