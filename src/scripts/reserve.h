// Descriptors that are kept back, so that services can be checked, stopped and killed where the process has run out of
// them. Nothing is started with them.
#pragma once

#include <cstddef>
#include <vector>

#include "posix/fd.h"

namespace cluster::scripts {

// More than a script, the search for what a service has left, and the log's file take together.
inline constexpr size_t kReservedDescriptors = 24;

class Reserve {
 public:
  explicit Reserve(size_t count = kReservedDescriptors) : count_(count) { fill(); }
  Reserve(const Reserve&) = delete;
  Reserve& operator=(const Reserve&) = delete;

  // They are free while this lives; afterwards as many are kept back again as there are.
  class Lent {
   public:
    explicit Lent(Reserve& from) : from_(from) { from_.give_back(); }
    ~Lent() { from_.fill(); }
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;

   private:
    Reserve& from_;
  };

 private:
  void fill();
  void give_back() { kept_.clear(); }

  const size_t count_;
  std::vector<Fd> kept_;
};

}  // namespace cluster::scripts
