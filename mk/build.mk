# Compiling and linking: one static library a folder of src/, programs from them.

ifeq ($(origin CXX),default)
CXX := $(if $(shell command -v ccache),ccache )g++
endif
PROTOC ?= protoc
PKG_CONFIG ?= pkg-config
# -g1 names every line of a trace and no variable, and compiles in three quarters of the time; -Og in half of that of -O1
# where there are sanitizers. For gdb: CXXFLAGS='-O2 -g'.
CXXFLAGS ?= $(if $(FUZZ),-O1 -g1,$(if $(SANITIZE),-Og -g1,-O2 -g1))
VERSION := $(shell cat VERSION)

BUILD := build/$(if $(FUZZ),fuzz,$(if $(SANITIZE),sanitize,release))$(BUILD_SUFFIX)
warnings := -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough \
  $(if $(DEVELOPER),-Werror)
comma := ,
# FUZZ=1 comes from `make fuzz`, with clang: libFuzzer is told of every branch.
# Without vptr: that check asks a pipe whether memory can be read, and takes a process without a descriptor left for broken.
# null and alignment are a third of the time to compile; the fuzzers have them, and ASan sees what is read at null.
sanitize := $(if $(SANITIZE)$(FUZZ),-fsanitize=address$(comma)undefined$(if $(FUZZ),$(comma)fuzzer-no-link) \
  -fno-sanitize=vptr$(if $(FUZZ),,$(comma)null$(comma)alignment) -fno-sanitize-recover=all -fno-omit-frame-pointer)

all_flags = -std=c++20 $(warnings) $(sanitize) -Isrc -I$(BUILD)/gen $(CPPFLAGS) $(CXXFLAGS) \
  -MMD -MP -DCLUSTER_VERSION='"$(VERSION)"' -DCLUSTER_SYSCONFDIR='"$(sysconfdir)"' \
  -DCLUSTER_LOCALSTATEDIR='"$(localstatedir)"'

# What a folder needs of the system, by pkg-config name.
libs_wire := protobuf-lite
libs_core := protobuf-lite
libs_sync := protobuf-lite
libs_config := libconfuse libcrypto
libs_loop := libevent
libs_net := libevent openssl
libs_store := sqlite3
libs_scripts := libevent
libs_files := libcrypto zlib
libs_system := libsystemd libevent
libs_http := libevent
libs_alerts := libevent
libs_bus := sdbus-c++ libsystemd libevent nlohmann_json
libs_agents := libsystemd
libs_ctl := libsystemd nlohmann_json
libs_daemon := libevent libcrypto spdlog
libs_guardian := libevent libcrypto protobuf-lite

folders := base loop wire core sync config net files scripts store bus http system alerts agents setup ctl daemon guardian
core_folders := sync core wire base
program_folders := guardian agents daemon bus http system alerts files store scripts net config sync core wire base
ctl_folders := ctl setup config sync core wire base

pkg_cflags = $(foreach p,$(1),$(eval cflags_$(p) ?= $$(shell $(PKG_CONFIG) --cflags $(p)))$(cflags_$(p)))
pkg_libs = $(if $(strip $(1)),$(shell $(PKG_CONFIG) --libs $(1)))
system_libs = $(call pkg_libs,$(sort $(foreach f,$(1),$(libs_$(f)))))
archives = $(foreach f,$(1),$(BUILD)/lib/$(f).a)

# V=1 shows whole commands.
quiet = $(if $(V),,@echo "$(1)	$(2)";)

.PHONY: all clean
.DELETE_ON_ERROR:
all: $(BUILD)/clusterd $(BUILD)/clusterctl

# Rebuild when flags change; that warnings are errors changes no object.
flags_text = $(subst ','\'',$(CXX) $(filter-out -Werror,$(all_flags)) $(LDFLAGS))
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(flags_text)' | cmp -s - $@ || echo '$(flags_text)' > $@
FORCE:
.SECONDARY:

protos := $(wildcard src/wire/*.proto)
proto_headers := $(protos:src/%.proto=$(BUILD)/gen/%.pb.h)
$(BUILD)/gen/wire/%.pb.cc: src/wire/%.proto
	@mkdir -p $(@D)
	$(call quiet,PROTOC,$@)$(PROTOC) --cpp_out=$(BUILD)/gen --proto_path=src wire/$*.proto
$(BUILD)/gen/wire/%.pb.h: $(BUILD)/gen/wire/%.pb.cc ;
.SECONDARY: $(proto_headers) $(proto_headers:.h=.cc)

define folder_rules
sources_$(1) := $$(filter-out src/$(1)/main.cc,$$(wildcard src/$(1)/*.cc))
objects_$(1) := $$(sources_$(1):src/%.cc=$$(BUILD)/obj/%.o)
$$(BUILD)/lib/$(1).a: $$(objects_$(1)) $$(extra_objects_$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(call quiet,AR,$$@)$$(AR) rcs $$@ $$^
$$(BUILD)/obj/$(1)/%.o: src/$(1)/%.cc $$(BUILD)/flags | $$(proto_headers)
	@mkdir -p $$(@D)
	$$(call quiet,CXX,$$@)$$(CXX) $$(all_flags) $$(call pkg_cflags,$$(libs_$(1))) -c -o $$@ $$<
endef
extra_objects_http := $(BUILD)/obj/gen/http/page.o
extra_objects_setup := $(BUILD)/obj/gen/setup/sample_conf.o
extra_objects_wire := $(protos:src/%.proto=$(BUILD)/obj/gen/%.pb.o)
$(foreach f,$(folders),$(eval $(call folder_rules,$(f))))

# Files as string literals; one may be so long and no longer, so each line is one.
embed = (echo '\#include "$(1)"'; echo 'namespace cluster::$(2) {'; echo 'const std::string_view $(3) ='; \
  sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&\\n"/' $<; echo ';'; echo '}') > $@
$(BUILD)/gen/http/page.cc: src/http/page.html
	@mkdir -p $(@D)
	$(call quiet,EMBED,$@)$(call embed,http/page.h,http,kPage)
$(BUILD)/gen/setup/sample_conf.cc: dist/examples/cluster.conf
	@mkdir -p $(@D)
	$(call quiet,EMBED,$@)$(call embed,setup/setup.h,setup,kSampleConf)

$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.cc $(BUILD)/flags
	@mkdir -p $(@D)
	$(call quiet,CXX,$@)$(CXX) $(filter-out -Wpedantic -Wshadow -Werror,$(all_flags)) -c -o $@ $<

$(BUILD)/clusterd: $(BUILD)/obj/guardian/main.o $(call archives,$(program_folders))
	$(call quiet,LINK,$@)$(CXX) $(sanitize) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(call system_libs,$(program_folders)) -pthread
$(BUILD)/clusterctl: $(BUILD)/obj/ctl/main.o $(call archives,$(ctl_folders))
	$(call quiet,LINK,$@)$(CXX) $(sanitize) $(CXXFLAGS) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(call system_libs,$(ctl_folders)) -pthread

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
