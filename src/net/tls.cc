#include "net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/ensure.h"
#include "net/handshake.h"

namespace cluster::net {
namespace {

constexpr long kMaxCertificateBytes = 4096;
constexpr size_t kRecordBytes = 16 << 10;
constexpr char kExporterLabel[] = "EXPORTER-Channel-Binding";

// What OpenSSL's queue holds, as a sentence; empties it, else it would be taken for a later error.
std::string queued_errors() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    if (!text.empty()) continue;
    const char* reason = ERR_reason_error_string(code);
    text = reason ? reason : "error " + std::to_string(code);
  }
  return text;
}

// Without this OpenSSL would build and check a chain, which costs time and says nothing here.
int accept_p256(X509_STORE_CTX* store, void*) {
  const X509* certificate = X509_STORE_CTX_get0_cert(store);
  if (certificate && !spki_of(certificate).empty()) return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
  return 0;
}

}  // namespace

// OpenSSL's view of the session's two buffers: one system call for all that is to be sent, and no
// SIGPIPE from within the library.
struct TlsBio {
  static TlsSession& session(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio)); }

  static int write(BIO* bio, const char* bytes, size_t size, size_t* wrote) {
    session(bio).outgoing_.append(bytes, size);
    *wrote = size;
    return 1;
  }
  static int read(BIO* bio, char* bytes, size_t size, size_t* got) {
    std::string_view& incoming = session(bio).incoming_;
    BIO_clear_retry_flags(bio);
    *got = std::min(size, incoming.size());
    if (*got == 0) {
      BIO_set_retry_read(bio);
      return 0;
    }
    std::memcpy(bytes, incoming.data(), *got);
    incoming.remove_prefix(*got);
    return 1;
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO_METHOD* method() {
    static BIO_METHOD* const instance = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "cluster");
      ENSURE(made && BIO_meth_set_write_ex(made, write) && BIO_meth_set_read_ex(made, read) &&
             BIO_meth_set_ctrl(made, control));
      return made;
    }();
    return instance;
  }
};

TlsContext::TlsContext(const Identity& identity)
    : context_(SSL_CTX_new(TLS_method())), own_key_(identity.spki()) {
  SSL_CTX* context = context_.get();
  ENSURE(context && SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_use_certificate(context, identity.certificate()) == 1 &&
         SSL_CTX_use_PrivateKey(context, identity.key()) == 1 &&
         SSL_CTX_set_num_tickets(context, 0) == 1 &&
         SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1 &&
         SSL_CTX_set1_sigalgs_list(context, "ECDSA+SHA256") == 1 &&
         SSL_CTX_set1_client_sigalgs_list(context, "ECDSA+SHA256") == 1);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(context, kMaxCertificateBytes);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, accept_p256, nullptr);
}

TlsSession::TlsSession(const TlsContext& context, Role role) : ssl_(SSL_new(context.get())) {
  BIO* bio = BIO_new(TlsBio::method());
  ENSURE(ssl_ && bio);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  if (role == Role::kClient)
    SSL_set_connect_state(ssl_.get());
  else
    SSL_set_accept_state(ssl_.get());
}

TlsSession::~TlsSession() = default;

TlsSession::State TlsSession::feed(std::string_view received, std::string& plain) {
  incoming_ = received;
  ERR_clear_error();
  if (state_ == State::kShaking) {
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) {
      state_ = State::kOpen;
    } else if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
      fail("TLS handshake failed");
    }
  }
  static thread_local std::array<char, kRecordBytes> record;
  while (state_ == State::kOpen) {
    size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), record.data(), record.size(), &got);
    if (result == 1) {
      plain.append(record.data(), got);
      continue;
    }
    const int why = SSL_get_error(ssl_.get(), result);
    if (why == SSL_ERROR_WANT_READ) break;
    if (why == SSL_ERROR_ZERO_RETURN)
      state_ = State::kClosed;
    else
      fail("TLS failed");
  }
  incoming_ = {};
  return state_;
}

void TlsSession::write(std::string_view plain) {
  if (state_ != State::kOpen || plain.empty()) return;
  ERR_clear_error();
  size_t wrote = 0;
  if (SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &wrote) != 1) fail("TLS cannot encrypt");
}

void TlsSession::close() {
  if (state_ != State::kOpen) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

void TlsSession::fail(const char* doing) {
  state_ = State::kFailed;
  const std::string why = queued_errors();
  error_ = why.empty() ? doing : std::string(doing) + ": " + why;
}

std::string TlsSession::channel_binding() const {
  std::string binding(kChannelBindingBytes, '\0');
  ENSURE(SSL_export_keying_material(ssl_.get(), reinterpret_cast<unsigned char*>(binding.data()),
                                    binding.size(), kExporterLabel, sizeof kExporterLabel - 1,
                                    nullptr, 0, 0) == 1);
  return binding;
}

std::string TlsSession::peer_key() const {
  const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  return certificate ? spki_of(certificate) : std::string();
}

}  // namespace cluster::net
