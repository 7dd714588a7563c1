// This host's node key: a P-256 key made at the first start and kept as PEM (mode 0600), and a
// self-signed certificate around it, made anew at each start, because only the key counts.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace cluster::net {

// DER SubjectPublicKeyInfo of a P-256 key, uncompressed: the only form accepted.
inline constexpr size_t kNodeKeyBytes = 91;

NodeId node_id_of(std::string_view spki);

// The certificate's key as SubjectPublicKeyInfo; empty unless it is a P-256 key in that form.
std::string spki_of(const X509* certificate);

class Identity {
 public:
  // Reads PATH or, where there is no such file, makes a key and stores it durably first. The error
  // names the path: not a regular file, readable by others, not ours, or not a P-256 key.
  static Result<Identity> load_or_create(const std::string& path);

  const NodeId& node() const { return node_; }
  const std::string& spki() const { return spki_; }  // DER; core::Boot::node_key
  EVP_PKEY* key() const { return key_.get(); }
  X509* certificate() const { return certificate_.get(); }

  // 32 bytes that only the holder of the key can make (HKDF over the private key).
  std::string derive(std::string_view label) const;

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
  };
  using Key = std::unique_ptr<EVP_PKEY, Free>;

  static Result<Identity> from_key(Key key, const std::string& path);

  Key key_;
  std::unique_ptr<X509, Free> certificate_;
  std::string spki_;
  NodeId node_;
};

}  // namespace cluster::net
