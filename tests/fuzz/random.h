// OpenSSL's randomness out of a seeded generator, so that an input repeats what it did.
#pragma once

#include <openssl/rand.h>

#include "base/rng.h"

namespace cluster::fuzz {

inline Rng& openssl_rng() {
  static Rng rng(1);
  return rng;
}

inline int seeded_bytes(unsigned char* out, int count) {
  for (int i = 0; i < count; ++i) out[i] = static_cast<unsigned char>(openssl_rng().next());
  return 1;
}

// At the begin of every input. The call is deprecated, and the only one that is not a provider of one's own.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
inline void seed_openssl() {
  static const RAND_METHOD method = {nullptr, seeded_bytes, nullptr,
                                     nullptr, seeded_bytes, [] { return 1; }};
  static const bool installed = RAND_set_rand_method(&method) == 1;
  ENSURE(installed);
  openssl_rng() = Rng(1);
}
#pragma GCC diagnostic pop

}  // namespace cluster::fuzz
