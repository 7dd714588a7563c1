# make deb: Debian's package, built as Debian builds it, from a copy of what is here; lintian has the last word.

# BUILT=1: of the programs in build/release, which the tests have tried.
BUILT =
deb_folder := build/deb$(if $(BUILT),/built)
deb_source := $(deb_folder)/cluster-$(VERSION)

.PHONY: deb
deb: $(if $(BUILT),all)
	mkdir -p $(deb_source)
	find $(deb_source) -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
	tar -c --exclude=./build --exclude=./.git . | tar -x -C $(deb_source)
ifdef BUILT
	ln -sfnT $(CURDIR)/build $(deb_source)/build
	cd $(deb_source) && DEB_BUILD_OPTIONS=noautodbgsym BUILT=1 fakeroot debian/rules binary
else
	cd $(deb_source) && dpkg-buildpackage --no-sign --build=binary --no-pre-clean --jobs=$(shell nproc)
	lintian --fail-on error,warning --info $(deb_folder)/cluster_$(VERSION)_*.changes
endif
	@ls $(deb_folder)/*.deb

# make debian-13: everything that there is to check on Debian 13, which is made in a folder. RUN: something else there.
RUN = make DEPS=1 check
.PHONY: debian-13
debian-13:
	mk/debian-13 $(RUN)
