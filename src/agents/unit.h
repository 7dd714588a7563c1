// A unit of systemd's that is a service of the cluster: started and stopped through its D-Bus interface, by jobs that are
// waited for. The bus is the system's.
#pragma once

#include <string>

namespace cluster::agents {

class Unit {
 public:
  explicit Unit(std::string name) : name_(std::move(name)) {}

  int start();
  int stop();
  // 0: active or reloading; 3: inactive; 5: there is no such unit; else 1.
  int status();

 private:
  int change(const char* method);

  const std::string name_;
};

}  // namespace cluster::agents
