# make install, make uninstall. `installed` is the one list that both go by: MODE:FILE:FOLDER or
# MODE:FILE:FOLDER:NAME. A folder that is "no" leaves its part out.

exec_prefix ?= $(prefix)
bindir ?= $(exec_prefix)/bin
sbindir ?= $(exec_prefix)/sbin
datarootdir ?= $(prefix)/share
datadir ?= $(datarootdir)
mandir ?= $(datarootdir)/man
docdir ?= $(datarootdir)/doc/cluster
PACKAGE_TARNAME := cluster
or_default = $(or $(strip $($(1))),$(2))

# dbus-daemon looks for policies in /usr/share and /etc only.
unit_folder := $(call or_default,systemdsystemunitdir,$(prefix)/lib/systemd/system)
sysusers_folder := $(call or_default,sysusersdir,$(prefix)/lib/sysusers.d)
tmpfiles_folder := $(call or_default,tmpfilesdir,$(prefix)/lib/tmpfiles.d)
catalog_folder := $(call or_default,catalogdir,$(prefix)/lib/systemd/catalog)
policy_folder := $(call or_default,dbuspolicydir,$(if $(filter /usr,$(prefix)),$(datadir),$(sysconfdir))/dbus-1/system.d)
interfaces_folder := $(call or_default,dbusinterfacesdir,$(datadir)/dbus-1/interfaces)
completion_folder := $(call or_default,bashcompletiondir,$(datadir)/bash-completion/completions)
example_folder := $(datadir)/cluster
# What a package wants, and a machine's own programs should not put beside those of its packages.
apparmor_folder := $(call or_default,apparmordir,no)
needrestart_folder := $(call or_default,needrestartdir,no)

installed = \
  755:$(BUILD)/clusterd:$(sbindir) \
  755:$(BUILD)/clusterctl:$(bindir) \
  644:$(BUILD)/dist/clusterd.service:$(unit_folder) \
  644:dist/cluster.sysusers:$(sysusers_folder):cluster.conf \
  644:dist/cluster.tmpfiles:$(tmpfiles_folder):cluster.conf \
  644:dist/cluster.catalog:$(catalog_folder) \
  644:dist/apparmor/usr.sbin.clusterd:$(apparmor_folder) \
  644:dist/needrestart/clusterd.conf:$(needrestart_folder) \
  755:dist/restart-in-place:$(example_folder) \
  644:dist/com.bammeson.cluster.conf:$(policy_folder) \
  $(foreach file,$(sort $(wildcard dbus/*.xml)),644:$(file):$(interfaces_folder)) \
  644:$(BUILD)/dist/completion.bash:$(completion_folder):clusterctl \
  644:$(BUILD)/dist/completion.bash:$(completion_folder):clusterd \
  $(foreach file,$(sort $(wildcard man/*.[1-8])),644:$(file):$(mandir)/man$(subst .,,$(suffix $(file)))) \
  $(foreach file,cluster.conf hosts services,644:dist/examples/$(file):$(example_folder)/examples) \
  755:dist/examples/alerts.d/log:$(example_folder)/examples/alerts.d \
  $(foreach service,web vip, \
    $(foreach script,start stop status,755:dist/services/$(service)/$(script):$(example_folder)/services/$(service)) \
    $(foreach file,service.conf settings,644:dist/services/$(service)/$(file):$(example_folder)/services/$(service))) \
  $(foreach file,README.md LICENSE CHANGELOG.md,644:$(file):$(docdir))
folders_of_ours = $(example_folder)/services/web $(example_folder)/services/vip \
  $(example_folder)/services $(example_folder)/examples/alerts.d $(example_folder)/examples $(example_folder) $(docdir)

entry = $(word $(1),$(subst :, ,$(2)))
target_of = $(call entry,3,$(1))/$(or $(call entry,4,$(1)),$(notdir $(call entry,2,$(1))))
wanted = $(foreach item,$(installed),$(if $(filter no,$(call entry,3,$(item))),,$(item)))
define newline


endef

.PHONY: install uninstall
install: all $(BUILD)/dist/clusterd.service $(BUILD)/dist/completion.bash
	$(foreach item,$(wanted),@install -D -m $(call entry,1,$(item)) $(call entry,2,$(item)) '$(DESTDIR)$(call target_of,$(item))'$(newline)	)
	@echo "Installed to $(DESTDIR)$(prefix)."

# What install made goes, and nothing else. Below a DESTDIR, which is nobody's system, the folders that
# are empty then go as well.
uninstall:
	$(foreach item,$(wanted),@rm -f '$(DESTDIR)$(call target_of,$(item))'$(newline)	)
	@for folder in $(folders_of_ours); do \
	  rmdir --ignore-fail-on-non-empty '$(DESTDIR)'"$$folder" 2>/dev/null || true; \
	done
	$(if $(DESTDIR),@for folder in $(sort $(dir $(foreach item,$(wanted),$(call target_of,$(item))))); do \
	  while [ "$$folder" != / ] && [ "$$folder" != . ]; do \
	    rmdir --ignore-fail-on-non-empty '$(DESTDIR)'"$$folder" 2>/dev/null || true; \
	    folder=$$(dirname "$$folder"); \
	  done; \
	done)

# Folders may be given anew at each call, so these are looked at each time.
fill_in = @mkdir -p $(@D); sed -e 's|@sbindir@|$(sbindir)|g' -e 's|@sysconfdir@|$(sysconfdir)|g' $< > $@.new; \
  if cmp -s $@.new $@; then rm -f $@.new; else mv -f $@.new $@; fi
$(BUILD)/dist/clusterd.service: dist/clusterd.service.in FORCE
	$(fill_in)
$(BUILD)/dist/completion.bash: dist/completion.bash.in FORCE
	$(fill_in)

configure: configure.ac VERSION
	autoconf -o $@ $<
