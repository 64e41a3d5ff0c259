"""Links between the pages of a site."""

import html
import os
import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit


def links_of(page):
    """Returns the links of a page that lead into the site: the path and the fragment of each."""
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r'\s(?:href|src)="([^"]*)"', text):
        parts = urlsplit(html.unescape(link))
        if not parts.scheme and not parts.netloc:
            yield unquote(parts.path), unquote(parts.fragment)


def copy_linked_files(pages, site, tree):
    """Copies the files of a tree that pages of its site link to, such as pictures and sources."""
    for page in pages:
        for path, _ in links_of(page):
            target = Path(os.path.normpath(page.parent / path))
            source = tree / os.path.relpath(target, site)
            if path and not target.exists() and site in target.parents and source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)


def wrong_links(site):
    """Returns a message for each link that leads to no file, or to no place in its page."""
    names, wrong = {}, []
    for page in sorted(site.rglob("*.html")):
        for path, fragment in links_of(page):
            target = Path(os.path.normpath(page.parent / path)) if path else page
            if target.is_dir():
                target /= "index.html"
            if site not in target.parents or not target.is_file():
                wrong.append(f"{page.relative_to(site)}: {path} is not there")
            elif fragment and target.suffix == ".html":
                if target not in names:
                    names[target] = set(re.findall(r'\s(?:id|name)="([^"]*)"', target.read_text(encoding="utf-8")))
                if html.escape(fragment) not in names[target] and fragment not in names[target]:
                    wrong.append(f"{page.relative_to(site)}: {path}#{fragment} is not there")
    return sorted(set(wrong))
