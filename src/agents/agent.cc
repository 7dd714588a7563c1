#include "agents/agent.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "agents/ocf.h"
#include "config/agent.h"

namespace cluster::agents {

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
  const char* service = std::getenv("CLUSTER_SERVICE");
  Ocf ocf(*agent, service == nullptr ? std::filesystem::path(folder).filename().string() : service);
  if (script == "start") return ocf.start();
  return script == "stop" ? ocf.stop() : ocf.status();
}

}  // namespace cluster::agents
