#include "net/spake2.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "base/ensure.h"
#include "net/crypto.h"

namespace cluster::net {
namespace {

struct Free {
  void operator()(BIGNUM* number) const { BN_clear_free(number); }
  void operator()(BN_CTX* context) const { BN_CTX_free(context); }
  void operator()(EC_GROUP* group) const { EC_GROUP_free(group); }
  void operator()(EC_POINT* point) const { EC_POINT_clear_free(point); }
};
using Number = std::unique_ptr<BIGNUM, Free>;
using Context = std::unique_ptr<BN_CTX, Free>;
using Point = std::unique_ptr<EC_POINT, Free>;

constexpr size_t kScalarBytes = 32;

const unsigned char* in(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// RFC 9382, section 4.
constexpr unsigned char kPointM[] = {0x02, 0x88, 0x6e, 0x2f, 0x97, 0xac, 0xe4, 0x6e, 0x55,
                                     0xba, 0x9d, 0xd7, 0x24, 0x25, 0x79, 0xf2, 0x99, 0x3b,
                                     0x64, 0xe1, 0x6e, 0xf3, 0xdc, 0xab, 0x95, 0xaf, 0xd4,
                                     0x97, 0x33, 0x3d, 0x8f, 0xa1, 0x2f};
constexpr unsigned char kPointN[] = {0x03, 0xd8, 0xbb, 0xd6, 0xc6, 0x39, 0xc6, 0x29, 0x37,
                                     0xb0, 0x4d, 0x99, 0x7f, 0x38, 0xc3, 0x77, 0x07, 0x19,
                                     0xc6, 0x29, 0xd7, 0x01, 0x4d, 0x49, 0xa2, 0x4b, 0x4f,
                                     0x98, 0xba, 0xa1, 0x29, 0x2b, 0x49};

// The group and the two fixed points, made once and only read after that.
struct Curve {
  std::unique_ptr<EC_GROUP, Free> group{EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)};
  Point m;
  Point n;

  Curve() {
    ENSURE(group);
    m = fixed(kPointM, sizeof kPointM);
    n = fixed(kPointN, sizeof kPointN);
  }
  Point fixed(const unsigned char* bytes, size_t size) const {
    Point point(EC_POINT_new(group.get()));
    ENSURE(point && EC_POINT_oct2point(group.get(), point.get(), bytes, size, nullptr) == 1);
    return point;
  }
  const BIGNUM* order() const { return EC_GROUP_get0_order(group.get()); }
};

const Curve& curve() {
  static const Curve instance;
  return instance;
}

Context new_context() {
  Context context(BN_CTX_secure_new());
  ENSURE(context);
  return context;
}

Number new_number() {
  Number number(BN_new());
  ENSURE(number);
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  return number;
}

Point new_point() {
  Point point(EC_POINT_new(curve().group.get()));
  ENSURE(point);
  return point;
}

Number number_of(std::string_view bytes) {
  Number number = new_number();
  ENSURE(BN_bin2bn(in(bytes), static_cast<int>(bytes.size()), number.get()) != nullptr);
  return number;
}

std::string encoded(const EC_POINT* point, BN_CTX* context) {
  std::string bytes(Spake2::kPointBytes, '\0');
  ENSURE(EC_POINT_point2oct(curve().group.get(), point, POINT_CONVERSION_UNCOMPRESSED,
                            reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(),
                            context) == bytes.size());
  return bytes;
}

Point times(const EC_POINT* point, const BIGNUM* scalar, BN_CTX* context) {
  Point product = new_point();
  ENSURE(EC_POINT_mul(curve().group.get(), product.get(), nullptr, point, scalar, context) == 1);
  return product;
}

}  // namespace

struct Spake2::State {
  Side side = Side::kA;
  Number w;
  Number scalar;  // x or y
  std::string share;

  // The side's own fixed point, and the peer's.
  const EC_POINT* own_mask() const { return (side == Side::kA ? curve().m : curve().n).get(); }
  const EC_POINT* peer_mask() const { return (side == Side::kA ? curve().n : curve().m).get(); }

  // pA = w*M + x*P; pB = w*N + y*P.
  void make_share(BN_CTX* context) {
    const EC_GROUP* group = curve().group.get();
    Point sum = new_point();
    ENSURE(EC_POINT_mul(group, sum.get(), scalar.get(), nullptr, nullptr, context) == 1);
    const Point mask = times(own_mask(), w.get(), context);
    ENSURE(EC_POINT_add(group, sum.get(), sum.get(), mask.get(), context) == 1);
    share = encoded(sum.get(), context);
  }
};

Spake2::Spake2(std::unique_ptr<State> state) : state_(std::move(state)) {}
Spake2::~Spake2() = default;
Spake2::Spake2(Spake2&&) noexcept = default;
Spake2& Spake2::operator=(Spake2&&) noexcept = default;

Spake2::Spake2(Side side, std::string_view secret) : state_(std::make_unique<State>()) {
  ENSURE(secret.size() >= kMinSecretBytes);
  const Context context = new_context();
  state_->side = side;
  const Number wide = number_of(secret);
  state_->w = new_number();
  ENSURE(BN_nnmod(state_->w.get(), wide.get(), curve().order(), context.get()) == 1);
  state_->scalar = new_number();
  do {
    ENSURE(BN_priv_rand_range(state_->scalar.get(), curve().order()) == 1);
  } while (BN_is_zero(state_->scalar.get()));
  state_->make_share(context.get());
}

Spake2 Spake2::with_scalar(Side side, std::string_view w, std::string_view scalar) {
  ENSURE(w.size() == kScalarBytes && scalar.size() == kScalarBytes);
  auto state = std::make_unique<State>();
  state->side = side;
  state->w = number_of(w);
  state->scalar = number_of(scalar);
  state->make_share(new_context().get());
  return Spake2(std::move(state));
}

const std::string& Spake2::share() const { return state_->share; }

std::optional<Spake2::Keys> Spake2::finish(std::string_view peer_share, std::string_view identity_a,
                                           std::string_view identity_b,
                                           std::string_view additional) const {
  const EC_GROUP* group = curve().group.get();
  const Context context = new_context();
  if (peer_share.size() != kPointBytes) return std::nullopt;
  const Point peer = new_point();
  if (EC_POINT_oct2point(group, peer.get(), in(peer_share), peer_share.size(), context.get()) !=
          1 ||
      EC_POINT_is_on_curve(group, peer.get(), context.get()) != 1 ||
      EC_POINT_is_at_infinity(group, peer.get()) == 1)
    return std::nullopt;

  // K = h * scalar * (peer's share - w * peer's fixed point); the cofactor h is 1.
  const Point mask = times(state_->peer_mask(), state_->w.get(), context.get());
  ENSURE(EC_POINT_invert(group, mask.get(), context.get()) == 1);
  const Point unmasked = new_point();
  ENSURE(EC_POINT_add(group, unmasked.get(), peer.get(), mask.get(), context.get()) == 1);
  if (EC_POINT_is_at_infinity(group, unmasked.get()) == 1) return std::nullopt;
  const Point shared = times(unmasked.get(), state_->scalar.get(), context.get());
  if (EC_POINT_is_at_infinity(group, shared.get()) == 1) return std::nullopt;

  std::string k = encoded(shared.get(), context.get());
  std::string w(kScalarBytes, '\0');
  ENSURE(BN_bn2binpad(state_->w.get(), reinterpret_cast<unsigned char*>(w.data()), kScalarBytes) ==
         static_cast<int>(kScalarBytes));
  const bool is_a = state_->side == Side::kA;
  const std::string_view share_a = is_a ? std::string_view(state_->share) : peer_share;
  const std::string_view share_b = is_a ? peer_share : std::string_view(state_->share);

  // RFC 9382, sections 3.3 and 4: Ke || Ka = Hash(TT); KcA || KcB = KDF(Ka, "ConfirmationKeys" || AAD).
  std::string transcript = joined(identity_a, identity_b, share_a, share_b, k, w);
  std::string hash = sha256(transcript);
  std::string confirmation_keys =
      hkdf_sha256(std::string_view(hash).substr(kKeyBytes), "",
                  std::string("ConfirmationKeys").append(additional), 2 * kKeyBytes);
  const std::string_view keys = confirmation_keys;
  std::string by_a = hmac_sha256(keys.substr(0, kKeyBytes), transcript);
  std::string by_b = hmac_sha256(keys.substr(kKeyBytes), transcript);
  Keys result{hash.substr(0, kKeyBytes), is_a ? by_a : by_b, is_a ? by_b : by_a};
  for (std::string* secret : {&k, &w, &transcript, &hash, &confirmation_keys}) wipe(*secret);
  return result;
}

}  // namespace cluster::net
