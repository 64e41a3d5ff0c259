# Builds and checks the guardian and the launcher. Included by the Makefile; also works alone:
#
#     make -f guardian.mk guardian         build each architecture that has a compiler into the
#                                          resources, and record the compilers' versions there
#     make -f guardian.mk guardian-check   build in another directory; compare with the resources
#     make -f guardian.mk guardian-abi     compare guardian_kernel.h with this machine's headers
#
# The bytes depend only on the source, these flags, and the versions of compiler and linker, and not on
# a path, date or build id. Different compilers generate different, equally good code; so guardian-check
# compares only with the recorded versions, and reports when it cannot compare.

GUARDIAN_DIR := $(dir $(lastword $(MAKEFILE_LIST)))
GUARDIAN_OUT := $(GUARDIAN_DIR)../resources/dev/procdesc/linux
GUARDIAN_TMP := $(GUARDIAN_DIR)guardian.tmp
GUARDIAN_PROGRAMS := guardian launcher
GUARDIAN_SOURCES := $(GUARDIAN_PROGRAMS:%=$(GUARDIAN_DIR)%.c) $(GUARDIAN_DIR)guardian_kernel.h
GUARDIAN_ARCHITECTURES := x86_64 aarch64

# The Debian names of the compilers; plain gcc is used where it is native.
guardian-cc = $(or $(GUARDIAN_CC_$(1)),$(shell command -v $(1)-linux-gnu-gcc \
	|| { [ "$$(uname -m)" = $(1) ] && command -v gcc; }))
guardian-version = $(1) $$($(2) --version | head -n 1 | sed 's/^[^ ]* //') / $$($(2) -Wl,--version 2>/dev/null | head -n 1)

GUARDIAN_CFLAGS := -std=gnu11 -Os -ffreestanding -fno-builtin -fno-pic -fomit-frame-pointer \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-ident \
	-fno-tree-loop-distribute-patterns \
	-Wall -Wextra -Wconversion -Wstack-usage=512 -Werror
# No hardening that needs a runtime (stack protector, CET, BTI): distributions enable it by default, and
# the bytes must not depend on that.
GUARDIAN_CFLAGS_x86_64 := -fcf-protection=none -march=x86-64
GUARDIAN_CFLAGS_aarch64 := -mbranch-protection=none -mno-outline-atomics -march=armv8-a
# noseparate-code: text and constants in one read-only segment, so that the file is one page or two.
GUARDIAN_LDFLAGS := -static -no-pie -nostdlib -nostartfiles -s \
	-Wl,--build-id=none,-z,noexecstack,-z,norelro,-z,noseparate-code

# (architecture, compiler, directory): every program.
guardian-compile = for program in $(GUARDIAN_PROGRAMS); do \
	$(2) $(GUARDIAN_CFLAGS) $(GUARDIAN_CFLAGS_$(1)) -o $(3)/$$program-$(1).bin $(GUARDIAN_DIR)$$program.c $(GUARDIAN_LDFLAGS) \
	|| exit 1; done

.PHONY: guardian guardian-check guardian-abi

guardian: $(GUARDIAN_SOURCES)
	@mkdir -p $(GUARDIAN_OUT)
	@touch $(GUARDIAN_OUT)/guardian-compilers.txt
	@$(foreach a,$(GUARDIAN_ARCHITECTURES),$(call guardian-build,$(a),$(call guardian-cc,$(a)));)

# (architecture, compiler)
define guardian-build
if [ -z "$(2)" ]; then echo "guardian-$(1): skipped: no compiler for $(1)"; else \
	$(call guardian-compile,$(1),$(2),$(GUARDIAN_OUT)); \
	chmod 644 $(GUARDIAN_PROGRAMS:%=$(GUARDIAN_OUT)/%-$(1).bin); \
	{ grep -v '^$(1) ' $(GUARDIAN_OUT)/guardian-compilers.txt; \
	  echo "$(call guardian-version,$(1),$(2))"; } | sort -r > $(GUARDIAN_OUT)/guardian-compilers.tmp; \
	mv $(GUARDIAN_OUT)/guardian-compilers.tmp $(GUARDIAN_OUT)/guardian-compilers.txt; \
	for program in $(GUARDIAN_PROGRAMS); do \
		echo "$$program-$(1): $$(wc -c < $(GUARDIAN_OUT)/$$program-$(1).bin) bytes"; done; fi
endef

guardian-check: $(GUARDIAN_SOURCES)
	@mkdir -p $(GUARDIAN_TMP)
	@$(foreach a,$(GUARDIAN_ARCHITECTURES),$(call guardian-compare,$(a),$(call guardian-cc,$(a)));)
	@rm -r $(GUARDIAN_TMP)

define guardian-compare
if [ -z "$(2)" ]; then echo "guardian-$(1): skipped: no compiler for $(1)"; else \
	$(call guardian-compile,$(1),$(2),$(GUARDIAN_TMP)); \
	recorded="$$(grep '^$(1) ' $(GUARDIAN_OUT)/guardian-compilers.txt)"; here="$(call guardian-version,$(1),$(2))"; \
	if [ "$$recorded" != "$$here" ]; then \
		echo "guardian-$(1): compiles; comparison skipped: built with $${recorded#$(1) }, here $${here#$(1) }"; \
	else for program in $(GUARDIAN_PROGRAMS); do \
		if cmp $(GUARDIAN_TMP)/$$program-$(1).bin $(GUARDIAN_OUT)/$$program-$(1).bin; then \
			echo "$$program-$(1): identical"; \
		else echo "$$program-$(1): the bytes in the resources are not those of the source"; exit 1; fi; \
	done; fi; fi
endef

# Every "#define NAME number" and every structure's size becomes an assertion in a program that
# includes the real headers instead of guardian_kernel.h.
guardian-abi: $(GUARDIAN_SOURCES)
	@mkdir -p $(GUARDIAN_TMP)
	@{ echo '#define _GNU_SOURCE'; \
	   printf '#include <%s>\n' errno.h signal.h sys/syscall.h sys/prctl.h sys/epoll.h sys/socket.h \
	        sys/ioctl.h sys/mman.h sys/resource.h sys/statfs.h sys/uio.h linux/prctl.h linux/seccomp.h \
	        linux/filter.h linux/audit.h linux/magic.h; \
	   echo '#if defined(__x86_64__)'; \
	   echo '#define AUDIT_ARCH_SELF AUDIT_ARCH_X86_64'; \
	   echo '_Static_assert(sizeof(struct epoll_event) == 12, "epoll_event");'; \
	   echo '#else'; \
	   echo '#define AUDIT_ARCH_SELF AUDIT_ARCH_AARCH64'; \
	   echo '_Static_assert(sizeof(struct epoll_event) == 16, "epoll_event");'; \
	   echo '#endif'; \
	   printf '_Static_assert(sizeof(struct %s) == %s, "%s");\n' msghdr 56 msghdr cmsghdr 16 cmsghdr \
	        iovec 16 iovec statfs 120 statfs rlimit64 16 rlimit64 sock_filter 8 sock_filter \
	        sock_fprog 16 sock_fprog seccomp_data 64 seccomp_data; \
	   awk '/^#(if|elif|else|endif)/ { print } \
	        /^#define/ && $$3 ~ /^[0-9]/ { \
	            printf "#ifdef %s\n_Static_assert((%s) == (%s), \"%s\");\n", $$2, $$2, $$3, $$2; \
	            printf "#else\n#pragma message \"not in these headers: %s\"\n#endif\n", $$2 }' \
	        $(GUARDIAN_DIR)guardian_kernel.h; } > $(GUARDIAN_TMP)/abi.c
	@$(foreach a,$(GUARDIAN_ARCHITECTURES),$(call guardian-abi-compile,$(a),$(call guardian-cc,$(a)));)
	@rm -r $(GUARDIAN_TMP)

define guardian-abi-compile
if [ -z "$(2)" ]; then echo "guardian-abi $(1): skipped: no compiler for $(1)"; \
	elif echo '#include <errno.h>' | $(2) -E -xc - >/dev/null 2>&1; then \
		$(2) -fsyntax-only $(GUARDIAN_TMP)/abi.c 2> $(GUARDIAN_TMP)/abi.log \
			|| { cat $(GUARDIAN_TMP)/abi.log; exit 1; }; \
		sed -n 's/.*message: \(not in .*\).$$/guardian-abi $(1): \1/p' $(GUARDIAN_TMP)/abi.log; \
		echo "guardian-abi $(1): $$($(2) -E $(GUARDIAN_TMP)/abi.c | grep -c ^_Static_assert) numbers and sizes agree"; \
	else echo "guardian-abi $(1): skipped: no C library headers for $(1)"; fi
endef
