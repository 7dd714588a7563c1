#include "agents/agent.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "agents/ocf.h"
#include "agents/unit.h"
#include "config/agent.h"

namespace cluster::agents {

namespace {

template <class Agent>
int act(Agent agent, const std::string& script) {
  if (script == "start") return agent.start();
  return script == "stop" ? agent.stop() : agent.status();
}

}  // namespace

int run_agent(const std::string& script) {
  const std::string folder = std::filesystem::current_path().string();
  config::Report report;
  const auto agent = config::load_agent(folder, report);
  for (const config::Fault& fault : report.faults())
    std::fprintf(stderr, "%s\n", to_string(fault).c_str());
  if (!agent) {
    if (report.ok())
      std::fprintf(stderr, "%s has neither the script %s nor an agent\n", folder.c_str(),
                   script.c_str());
    return EXIT_FAILURE;
  }
  if (!agent->unit.empty()) return act(Unit(agent->unit), script);
  const char* service = std::getenv("CLUSTER_SERVICE");
  return act(
      Ocf(*agent, service == nullptr ? std::filesystem::path(folder).filename().string() : service),
      script);
}

}  // namespace cluster::agents
