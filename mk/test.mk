# Test programs and the targets that run them.

# tests/unit/FOLDER/*_test.cc go with src/FOLDER. What tests the core is linked without the shell, so
# that it cannot depend on it.
core_tests := $(foreach f,$(core_folders),$(wildcard tests/unit/$(f)/*.cc))
shell_tests := $(foreach f,config net files scripts store bus http system alerts agents setup ctl daemon guardian,$(wildcard tests/unit/$(f)/*.cc))
test_main := tests/unit/runner/main.cc tests/unit/runner/cmocka_output.cc
shell_folders := guardian agents daemon bus http system alerts ctl setup files store scripts net config sync core wire base
all_libs = $(sort $(foreach f,$(folders),$(libs_$(f))))
object_of = $(patsubst %.cc,$(BUILD)/obj/%.o,$(1))

# The schemas of released versions, as they were.
recorded_protos := $(wildcard tests/recorded/*/*.proto)
recorded_headers := $(recorded_protos:tests/%.proto=$(BUILD)/gen/%.pb.h)
recorded_objects := $(recorded_protos:tests/%.proto=$(BUILD)/obj/gen/%.pb.o)
$(BUILD)/gen/recorded/%.pb.cc: tests/recorded/%.proto
	@mkdir -p $(@D)
	$(call quiet,PROTOC,$@)$(PROTOC) --cpp_out=$(BUILD)/gen --proto_path=tests recorded/$*.proto
$(BUILD)/gen/recorded/%.pb.h: $(BUILD)/gen/recorded/%.pb.cc ;
.SECONDARY: $(recorded_headers) $(recorded_headers:.h=.cc)

$(BUILD)/obj/tests/%.o: tests/%.cc $(BUILD)/flags | $(proto_headers) $(recorded_headers)
	@mkdir -p $(@D)
	$(call quiet,CXX,$@)$(CXX) $(all_flags) -I. $(call pkg_cflags,$(all_libs)) -c -o $@ $<

$(BUILD)/tests/unit-core: $(call object_of,$(core_tests) $(test_main)) $(recorded_objects) $(call archives,$(core_folders))
	@mkdir -p $(@D)
	$(call quiet,LINK,$@)$(CXX) $(sanitize) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(call system_libs,$(core_folders)) -lgmock -lgtest -pthread
$(BUILD)/tests/unit-shell: $(call object_of,$(shell_tests) $(test_main)) $(recorded_objects) $(call archives,$(shell_folders))
	@mkdir -p $(@D)
	$(call quiet,LINK,$@)$(CXX) $(sanitize) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(call system_libs,$(shell_folders)) -lgmock -lgtest -pthread

# The runner's own test runs a program with every kind of outcome.
$(BUILD)/tests/unit-runner: $(call object_of,tests/unit/runner/runner_test.cc $(test_main)) | $(BUILD)/tests/sample
$(BUILD)/tests/sample: $(call object_of,tests/unit/runner/sample.cc $(test_main))
$(BUILD)/tests/unit-runner $(BUILD)/tests/sample:
	@mkdir -p $(@D)
	$(call quiet,LINK,$@)$(CXX) $(sanitize) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ -lgmock -lgtest -pthread

# What bench runs besides the daemons.
handshake_folders := net core wire base
$(BUILD)/tests/handshakes: $(call object_of,tests/bench/handshakes.cc) $(call archives,$(handshake_folders))
	@mkdir -p $(@D)
	$(call quiet,LINK,$@)$(CXX) $(sanitize) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(call system_libs,$(handshake_folders)) -pthread
bench: $(BUILD)/tests/handshakes

# The simulator: tests/sim is a library, main.cc beside it the program; scenarios run on it.
sim_sources := $(filter-out tests/sim/main.cc,$(wildcard tests/sim/*.cc))
$(BUILD)/tests/sim: $(call object_of,tests/sim/main.cc $(sim_sources)) $(call archives,$(core_folders))
	@mkdir -p $(@D)
	$(call quiet,LINK,$@)$(CXX) $(sanitize) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(call system_libs,$(core_folders)) -pthread
$(BUILD)/tests/scenarios: $(call object_of,$(wildcard tests/scenarios/*.cc) $(sim_sources) $(test_main)) $(call archives,$(core_folders))
	@mkdir -p $(@D)
	$(call quiet,LINK,$@)$(CXX) $(sanitize) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(call system_libs,$(core_folders)) -lgmock -lgtest -pthread

# The worlds in which files are kept alike.
sync_sim_sources := $(filter-out tests/sync/main.cc,$(wildcard tests/sync/*.cc))
$(BUILD)/tests/sync-sim: $(call object_of,tests/sync/main.cc $(sync_sim_sources)) $(call archives,$(core_folders))
	@mkdir -p $(@D)
	$(call quiet,LINK,$@)$(CXX) $(sanitize) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ $(call system_libs,$(core_folders)) -pthread

# The fuzzers: tests/fuzz/TARGET.cc is a program; what they share is in headers.
fuzz_targets := $(basename $(notdir $(filter-out tests/fuzz/seeds.cc,$(wildcard tests/fuzz/*.cc))))
fuzz_programs := $(addprefix $(BUILD)/fuzz/,$(fuzz_targets) seeds)
fuzz_folders := config net files sync core wire base
$(BUILD)/fuzz/trace: $(BUILD)/obj/daemon/trace.o
$(fuzz_programs): fuzzer = $(if $(filter %/seeds,$@),,-fsanitize=fuzzer)
$(fuzz_programs): $(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(call archives,$(fuzz_folders))
	@mkdir -p $(@D)
	$(call quiet,LINK,$@)$(CXX) $(sanitize) $(fuzzer) $(CXXFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(call system_libs,$(fuzz_folders)) -pthread

.PHONY: check unit scenarios sim models lab campaign fuzz fuzz-build bench bench-files bench-growth sim-growth lint format tidy-flags demo sync-sim
# Unpacked and not installed: one of Debian's packages would start a service, the other draw in another cluster manager.
tools := build/tools/usr/bin/prometheus build/tools/usr/lib/ocf
build/tools/usr/bin/prometheus: unpacks = prometheus
build/tools/usr/lib/ocf: unpacks = resource-agents
$(tools):
	-@mk/packages unpack build/tools $(unpacks)
check lab: $(if $(DEPS),$(tools))

check:
	@tests/check --seeds $(SEEDS) --suffix '$(BUILD_SUFFIX)' $(if $(filter command%,$(origin CXX)),'CXX=$(CXX)')

unit_programs := $(addprefix $(BUILD)/tests/,unit-runner unit-core unit-shell)
unit: all $(unit_programs)
	@for program in $(unit_programs); do $$program || exit; done

scenarios: $(BUILD)/tests/scenarios
	$<

# SEED=N tells one run in full. LARGE=1: each with tens of services.
sim: $(BUILD)/tests/sim
	$< $(if $(SEED),--seed $(SEED),--seeds $(SEEDS) --jobs $(shell nproc)) $(if $(LARGE),--large)

# DEEP=1: larger bounds, in minutes and gigabytes.
models:
	tests/models/run $(if $(DEEP),--deep)

lab: all
	tests/lab/run --build $(BUILD)

campaign: all
	tests/lab/campaign --build $(BUILD) --rounds $(ROUNDS)

# Likewise, of files kept alike.
sync-sim: $(BUILD)/tests/sync-sim
	$< $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))

# The programs need another compiler, so make runs once more for them.
FUZZ_CXX ?= $(if $(shell command -v ccache),ccache )clang++
fuzz: fuzz-build
	tests/fuzz/run --build build/fuzz$(BUILD_SUFFIX) --seconds $(SECONDS)
ifneq ($(FUZZ),)
fuzz-build: $(fuzz_programs)
else
fuzz-build:
	@command -v $(lastword $(FUZZ_CXX)) >/dev/null || { echo "fuzz: there is no $(lastword $(FUZZ_CXX)); make DEPS=1 fuzz installs it" >&2; exit 1; }
	+@$(MAKE) --no-print-directory FUZZ=1 CXX='$(FUZZ_CXX)' fuzz-build
endif

bench: all $(BUILD)/tests/sim
	tests/bench/run --build $(BUILD)
	$(if $(PEERS),tests/bench/peers --build $(BUILD))

# FILES: arguments, as --work W1,W3 --repeat 1.
bench-files: all
	tests/bench/files --build $(BUILD) $(if $(PEERS),--peers) $(FILES)

# GROWTH: arguments, as --hosts 3,10. The table of larger clusters is simulated.
bench-growth: all $(BUILD)/tests/sim
	tests/bench/growth --build $(BUILD) $(or $(GROWTH),--simulated 10,30,100,300,1000)
sim-growth: $(BUILD)/tests/sim
	$< --growth $(or $(HOSTS),10,30,100,300,1000)

demo: all
	@demo/run --build $(BUILD)

lint: $(proto_headers) $(recorded_headers)
	tests/lint/lint --tidy all

format:
	clang-format -i $(shell git ls-files '*.h' '*.cc')

# What clang-tidy has to know.
tidy-flags: $(proto_headers) $(recorded_headers)
	@echo $(filter-out -M% -W%,$(all_flags)) -I. $(call pkg_cflags,$(all_libs))
