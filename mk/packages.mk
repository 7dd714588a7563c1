# Debian's names of what is needed (12 and 13 call all of it the same). DEPS=1 installs what is
# missing while the Makefile is read, so before anything here can ask pkg-config.

build_packages := g++ pkgconf protobuf-compiler libprotobuf-dev libevent-dev libconfuse-dev \
  libsdbus-c++-dev libsystemd-dev libssl-dev zlib1g-dev libsqlite3-dev libspdlog-dev libcli11-dev \
  nlohmann-json3-dev
demo_packages := dbus-daemon python3 procps
deb_packages := debhelper dh-apparmor dpkg-dev fakeroot lintian
# Whole machines are booted of what is here, by systemd-nspawn, and given the package.
machine_packages := systemd-container dbus debhelper dh-apparmor fakeroot
lab_packages := $(demo_packages) dbus-bin iproute2 nftables util-linux $(machine_packages)
# A browser, and a mail program where there is none: nobody's is replaced.
witness_packages := chromium chromium-driver fonts-dejavu-core $(if $(wildcard /usr/sbin/sendmail),,dma)
test_packages := libgtest-dev libgmock-dev $(lab_packages) systemd
model_packages := spin gcc libc6-dev python3
lint_packages := git mandoc shellcheck clang-tidy clang-format python3
fuzz_packages := clang libclang-rt-dev llvm python3

goals := $(or $(MAKECMDGOALS),all)
packages_of_check := $(test_packages) $(witness_packages) $(model_packages) $(lint_packages) $(fuzz_packages) autoconf
packages_of_models := $(model_packages)
packages_of_lint := $(lint_packages)
packages_of_lab := $(lab_packages) $(witness_packages)
packages_of_bench := $(lab_packages)
packages_of_deb := $(deb_packages)
packages_of_debian-13 := debootstrap
packages_of_bench-growth := $(lab_packages)
packages_of_fuzz := $(fuzz_packages)
packages_of_fuzz-build := $(fuzz_packages)
packages_of_demo := $(demo_packages)
packages_of_unit := $(test_packages)
packages_of_scenarios := $(test_packages)
packages_of_configure := autoconf

builds_nothing := clean uninstall configure format models debian-13
packages := $(if $(filter-out $(builds_nothing),$(goals)),$(build_packages)) \
  $(foreach goal,$(goals),$(packages_of_$(goal)))

ifneq ($(strip $(packages)),)
missing_packages := $(shell mk/packages missing $(sort $(packages)))
ifneq ($(missing_packages),)
ifneq ($(and $(DEPS),$(if $(findstring n,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),,really)),)
ifneq ($(lastword $(shell mk/packages install $(missing_packages) >&2; echo $$?)),0)
$(error Packages are missing; the lines above say what to do)
endif
else
$(warning Not installed: $(missing_packages). `make DEPS=1 $(goals)` installs them)
endif
endif
endif
