// The listener's side of a handshake.
#include "tests/fuzz/handshake.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  return cluster::fuzz::attack(cluster::fuzz::Role::kListener, bytes, size);
}
