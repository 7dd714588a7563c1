#include "net/crypto.h"

#include <malloc.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <memory>

#include "base/ensure.h"

namespace cluster::net {
namespace {

constexpr uint64_t kScryptN = 1 << 15;
constexpr uint64_t kScryptR = 8;
constexpr uint64_t kScryptP = 1;
constexpr uint64_t kScryptMaxBytes = 64 << 20;
constexpr size_t kGcmKeyBytes = 32;
constexpr int kGcmNonceBytes = 12;
constexpr int kGcmTagBytes = 16;

const unsigned char* in(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* out(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

}  // namespace

std::string random_bytes(size_t count) {
  std::string bytes(count, '\0');
  ENSURE(RAND_bytes(out(bytes), static_cast<int>(count)) == 1, "no random bytes");
  return bytes;
}

std::string sha256(std::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  ENSURE(EVP_Digest(bytes.data(), bytes.size(), out(digest), nullptr, EVP_sha256(), nullptr) == 1);
  return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::string mac(SHA256_DIGEST_LENGTH, '\0');
  ENSURE(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), in(bytes), bytes.size(),
              out(mac), nullptr) != nullptr);
  return mac;
}

// Written out over HMAC: OpenSSL's EVP_KDF refuses an empty key and fetches by name at each call.
std::string hkdf_sha256(std::string_view key, std::string_view salt, std::string_view info,
                        size_t bytes) {
  ENSURE(bytes <= 255 * SHA256_DIGEST_LENGTH);
  const std::string zeros(SHA256_DIGEST_LENGTH, '\0');
  std::string extracted = hmac_sha256(salt.empty() ? std::string_view(zeros) : salt, key);
  std::string okm;
  std::string block;
  for (char counter = 1; okm.size() < bytes; ++counter) {
    block.append(info).push_back(counter);
    block = hmac_sha256(extracted, block);
    okm += block;
  }
  okm.resize(bytes);
  wipe(extracted);
  wipe(block);
  return okm;
}

std::string scrypt(std::string_view passphrase, std::string_view salt, size_t bytes) {
  std::string key(bytes, '\0');
  ENSURE(EVP_PBE_scrypt(passphrase.data(), passphrase.size(), in(salt), salt.size(), kScryptN,
                        kScryptR, kScryptP, kScryptMaxBytes, out(key), bytes) == 1,
         "scrypt: out of memory");
  malloc_trim(0);
  return key;
}

std::string seal(std::string_view key, std::string_view plain, std::string_view additional) {
  ENSURE(key.size() == kGcmKeyBytes);
  const Cipher cipher(EVP_CIPHER_CTX_new());
  const std::string nonce = random_bytes(kGcmNonceBytes);
  std::string sealed(plain.size(), '\0');
  std::string tag(kGcmTagBytes, '\0');
  int length = 0;
  ENSURE(cipher &&
         EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, in(key), in(nonce)) == 1 &&
         EVP_EncryptUpdate(cipher.get(), nullptr, &length, in(additional),
                           static_cast<int>(additional.size())) == 1 &&
         EVP_EncryptUpdate(cipher.get(), out(sealed), &length, in(plain),
                           static_cast<int>(plain.size())) == 1 &&
         EVP_EncryptFinal_ex(cipher.get(), out(sealed) + length, &length) == 1 &&
         EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kGcmTagBytes, out(tag)) == 1);
  return nonce + sealed + tag;
}

std::optional<std::string> unseal(std::string_view key, std::string_view sealed,
                                  std::string_view additional) {
  ENSURE(key.size() == kGcmKeyBytes);
  if (sealed.size() < kGcmNonceBytes + kGcmTagBytes) return std::nullopt;
  const std::string_view nonce = sealed.substr(0, kGcmNonceBytes);
  std::string tag(sealed.substr(sealed.size() - kGcmTagBytes));
  sealed = sealed.substr(kGcmNonceBytes, sealed.size() - kGcmNonceBytes - kGcmTagBytes);
  const Cipher cipher(EVP_CIPHER_CTX_new());
  std::string plain(sealed.size(), '\0');
  int length = 0;
  ENSURE(cipher &&
         EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, in(key), in(nonce)) == 1 &&
         EVP_DecryptUpdate(cipher.get(), nullptr, &length, in(additional),
                           static_cast<int>(additional.size())) == 1 &&
         EVP_DecryptUpdate(cipher.get(), out(plain), &length, in(sealed),
                           static_cast<int>(sealed.size())) == 1 &&
         EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kGcmTagBytes, out(tag)) == 1);
  if (EVP_DecryptFinal_ex(cipher.get(), out(plain) + length, &length) != 1) {
    wipe(plain);
    return std::nullopt;
  }
  return plain;
}

bool equal_secrets(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(std::string& secret) {
  OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

}  // namespace cluster::net
