// An OCF resource agent (Open Cluster Framework, Resource Agent API 1.1): a program with one action a call, parameters in
// the environment, and exit codes from 0 to 9.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/agent.h"

namespace cluster::agents {

class Ocf {
 public:
  Ocf(const config::Agent& agent, const std::string& service);

  // Refuses parameters that the agent does not have or take, looks whether the service runs already, and starts it where
  // it does not; what is half there is stopped before.
  int start();
  int stop();
  int status();

 private:
  int call(const char* action);
  int call_and_tell(const char* action);
  std::string meta_data();

  const config::Agent& agent_;
};

// "not running (7)".
std::string meaning_of(int code);
// The names of the parameters in an agent's description of itself, which is XML.
std::vector<std::string> parameters_in(std::string_view meta_data);

}  // namespace cluster::agents
