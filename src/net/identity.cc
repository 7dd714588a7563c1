#include "net/identity.h"

#include <fcntl.h>
#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "net/crypto.h"
#include "net/socket.h"

namespace cluster::net {
namespace {

constexpr size_t kMaxKeyFileBytes = 16 << 10;

// The fixed head of a P-256 SubjectPublicKeyInfo with an uncompressed point (RFC 5480).
constexpr unsigned char kSpkiHead[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                       0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                       0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

struct Free {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Memory = std::unique_ptr<BIO, Free>;

Error failed(const std::string& path, const char* doing) {
  return Error{path + ": cannot " + doing + ": " + std::strerror(errno)};
}

Result<std::string> read_key_file(const std::string& path, int raw_fd) {
  const Fd fd(raw_fd);
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return failed(path, "examine it");
  if (!S_ISREG(info.st_mode)) return Error{path + ": not a regular file; expected the node key"};
  if (info.st_mode & 077)
    return Error{path + ": others may read or write the node key; expected mode 0600 (chmod 600)"};
  if (info.st_uid != geteuid())
    return Error{path + ": the node key belongs to another user; expected the one who runs this"};
  std::string text(kMaxKeyFileBytes, '\0');
  const ssize_t got = read(fd.get(), text.data(), text.size());
  if (got < 0) return failed(path, "read it");
  text.resize(static_cast<size_t>(got));
  return text;
}

// Stored durably before anyone hears of the key: a node that came back without it would be another.
Status write_key_file(const std::string& path, std::string_view pem) {
  const std::string beside = path + ".new";
  unlink(beside.c_str());
  const Fd fd(open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return failed(beside, "create it");
  for (size_t done = 0; done < pem.size();) {
    const ssize_t wrote = write(fd.get(), pem.data() + done, pem.size() - done);
    if (wrote < 0) return failed(beside, "write it");
    done += static_cast<size_t>(wrote);
  }
  if (fsync(fd.get()) != 0) return failed(beside, "sync it");
  if (rename(beside.c_str(), path.c_str()) != 0) return failed(path, "store it");
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Fd folder_fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_fd || fsync(folder_fd.get()) != 0) return failed(folder, "sync it");
  return {};
}

}  // namespace

NodeId node_id_of(std::string_view spki) {
  return *NodeId::from_raw(std::string_view(sha256(spki)).substr(0, NodeId::kBytes));
}

std::string spki_of(const X509* certificate) {
  // As the certificate has it: to encode the key anew costs OpenSSL 3 a search through all its encoders.
  unsigned char* der = nullptr;
  const bool on_curve = X509_get0_pubkey(certificate) != nullptr;
  const int length = on_curve ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der) : 0;
  ERR_clear_error();
  if (length <= 0) return {};
  std::string spki(reinterpret_cast<char*>(der), static_cast<size_t>(length));
  OPENSSL_free(der);
  const bool p256 =
      spki.size() == kNodeKeyBytes && std::memcmp(spki.data(), kSpkiHead, sizeof kSpkiHead) == 0;
  return p256 ? spki : std::string();
}

Result<Identity> Identity::load_or_create(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd >= 0) {
    Result<std::string> pem = read_key_file(path, fd);
    if (!pem) return Error{pem.error()};
    const Memory bio(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
    // An encrypted file must not make OpenSSL ask a terminal for a password.
    const auto no_password = [](char*, int, int, void*) { return -1; };
    Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
    ERR_clear_error();
    wipe(*pem);
    return from_key(std::move(key), path);
  }
  if (errno != ENOENT) return failed(path, "open it");

  Key key(EVP_EC_gen("P-256"));
  const Memory bio(BIO_new(BIO_s_mem()));
  ENSURE(key && bio &&
         PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
             1);
  char* pem = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &pem);
  const Status written = write_key_file(path, {pem, static_cast<size_t>(length)});
  OPENSSL_cleanse(pem, static_cast<size_t>(length));
  if (!written) return Error{written.error()};
  return from_key(std::move(key), path);
}

Result<Identity> Identity::from_key(Key key, const std::string& path) {
  Identity identity;
  identity.certificate_.reset(X509_new());
  X509* certificate = identity.certificate_.get();
  ENSURE(certificate);
  if (key && X509_set_pubkey(certificate, key.get()) == 1) identity.spki_ = spki_of(certificate);
  ERR_clear_error();
  if (identity.spki_.empty())
    return Error{path +
                 ": not a P-256 private key in PEM form; restore it, or remove it and this "
                 "host joins as a new node"};
  identity.key_ = std::move(key);
  identity.node_ = node_id_of(identity.spki_);

  // Valid for ever (RFC 5280, 4.1.2.5), since clocks may be wrong at boot and nobody checks it.
  X509_NAME* name = X509_NAME_new();
  ENSURE(name && X509_set_version(certificate, X509_VERSION_3) == 1 &&
         ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
         ASN1_TIME_set_string(X509_getm_notBefore(certificate), "19700101000000Z") == 1 &&
         ASN1_TIME_set_string(X509_getm_notAfter(certificate), "99991231235959Z") == 1 &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>("cluster"), -1, -1,
                                    0) == 1 &&
         X509_set_subject_name(certificate, name) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 &&
         X509_sign(certificate, identity.key_.get(), EVP_sha256()) > 0);
  X509_NAME_free(name);
  return identity;
}

std::string Identity::derive(std::string_view label) const {
  unsigned char* der = nullptr;
  const int length = i2d_PrivateKey(key_.get(), &der);
  ENSURE(length > 0);
  const std::string_view secret(reinterpret_cast<char*>(der), static_cast<size_t>(length));
  std::string derived = hkdf_sha256(secret, "cluster node key", label, 32);
  OPENSSL_clear_free(der, static_cast<size_t>(length));
  return derived;
}

}  // namespace cluster::net
