# Plain `make` works as it is. `./configure` only writes config.mak.autogen; config.mak is yours.
#
#   make                 clusterd and clusterctl
#   make DEPS=1 demo     three hosts on loopback, a service that fails over before your eyes
#   make DEPS=1 check    every test; ends with one line "N passed, N failed"
#   make sim SEEDS=N     N seeded simulations           make sim SEED=N    one of them, told in full
#   make sync-sim SEEDS=N  the same for files kept alike
#   make models         the protocols of keys and ownership, all states within bounds (spin)
#   make lab             real daemons in network namespaces (root)
#   make campaign ROUNDS=N  what faults cost there: outage, two copies, a line a fault
#   make fuzz SECONDS=N  every fuzzer for N seconds (clang)
#   make bench           the figures, printed           make lint, make format
#   make bench-growth    what clusters of 3 to 200 daemons cost, beside serf's, and simulated ones of up to 1000 (make sim-growth)
#   make bench PEERS=1   and others of its kind beside it, on the same three hosts (installs them)
#   make bench-files     folders kept alike, timed; PEERS=1: and others of its kind beside it
#   make deb             Debian's package, checked by lintian
#   make debian-13       all of make check on a bare Debian 13 in a folder (root); RUN='make DEPS=1': that there
#   make install         DESTDIR=, prefix=              make uninstall
#
# SANITIZE=1 builds everything with ASan and UBSan beside the ordinary build. DEVELOPER=1: warnings
# are errors. V=1 shows whole commands.

prefix = /usr/local
sysconfdir = /etc
localstatedir = /var
DEPS =
DEVELOPER =
SANITIZE =
FUZZ =
SEEDS = 1000
SECONDS = 60
ROUNDS = 3

-include config.mak.autogen
-include config.mak

include mk/packages.mk
include mk/build.mk
include mk/install.mk
include mk/test.mk
include mk/debian.mk
