#include "net/spake2.h"

#include <gtest/gtest.h>

#include "net/crypto.h"

namespace cluster::net {
namespace {

std::string unhex(std::string_view digits) {
  std::string bytes;
  for (size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
  return bytes;
}

// RFC 9382, appendix B.
struct Vector {
  const char* a;
  const char* b;
  const char* w;
  const char* x;
  const char* y;
  const char* share_a;
  const char* share_b;
  const char* ke;
  const char* confirmation_a;
  const char* confirmation_b;
};

constexpr Vector kVectors[] = {
    {"server", "client", "2ee57912099d31560b3a44b1184b9b4866e904c49d12ac5042c97dca461b1a5f",
     "43dd0fd7215bdcb482879fca3220c6a968e66d70b1356cac18bb26c84a78d729",
     "dcb60106f276b02606d8ef0a328c02e4b629f84f89786af5befb0bc75b6e66be",
     "04a56fa807caaa53a4d28dbb9853b9815c61a411118a6fe516a8798434751470f9010153ac33d0d5f2047ffdb1a3e"
     "42c9b4"
     "e6be662766e1eeb4116988ede5f912c",
     "0406557e482bd03097ad0cbaa5df82115460d951e3451962f1eaf4367a420676d09857ccbc522686c83d1852abfa8"
     "ed6e4a"
     "1155cf8f1543ceca528afb591a1e0b7",
     "0e0672dc86f8e45565d338b0540abe69",
     "58ad4aa88e0b60d5061eb6b5dd93e80d9c4f00d127c65b3b35b1b5281fee38f0",
     "d3e2e547f1ae04f2dbdbf0fc4b79f8ecff2dff314b5d32fe9fcef2fb26dc459b"},
    {"", "client", "0548d8729f730589e579b0475a582c1608138ddf7054b73b5381c7e883e2efae",
     "403abbe3b1b4b9ba17e3032849759d723939a27a27b9d921c500edde18ed654b",
     "903023b6598908936ea7c929bd761af6039577a9c3f9581064187c3049d87065",
     "04a897b769e681c62ac1c2357319a3d363f610839c4477720d24cbe32f5fd85f44fb92ba966578c1b712be6962498"
     "834078"
     "262caa5b441ecfa9d4a9485720e918a",
     "04e0f816fd1c35e22065d5556215c097e799390d16661c386e0ecc84593974a61b881a8c82327687d0501862970c6"
     "456556"
     "0cb5671f696048050ca66ca5f8cc7fc",
     "642f05c473c2cd79909f9a841e2f30a7",
     "47d29e6666af1b7dd450d571233085d7a9866e4d49d2645e2df975489521232b",
     "3313c5cefc361d27fb16847a91c2a73b766ffa90a4839122a9b70a2f6bd1d6df"},
    {"server", "", "626e0cdc7b14c9db3e52a0b1b3a768c98e37852d5db30febe0497b14eae8c254",
     "07adb3db6bc623d3399726bfdbfd3d15a58ea776ab8a308b00392621291f9633",
     "b6a4fc8dbb629d4ba51d6f91ed1532cf87adec98f25dd153a75accafafedec16",
     "04f88fb71c99bfffaea370966b7eb99cd4be0ff1a7d335caac4211c4afd855e2e15a873b298503ad8ba1d9cbb9a39"
     "2d2ba3"
     "09b48bfd7879aefd0f2cea6009763b0",
     "040c269d6be017dccb15182ac6bfcd9e2a14de019dd587eaf4bdfd353f031101e7cca177f8eb362a6e83e7d5e729c"
     "0732e1"
     "b528879c086f39ba0f31a9661bd34db",
     "005184ff460da2ce59062c87733c299c",
     "bc9f9bbe99f26d0b2260e6456e05a86196a3307ec6663a18bf6ac825736533b2",
     "c2370e1bf813b086dff0d834e74425a06e6390f48f5411900276dcccc5a297ec"},
    {"", "", "7bf46c454b4c1b25799527d896508afd5fc62ef4ec59db1efb49113063d70cca",
     "8cef65df64bb2d0f83540c53632de911b5b24b3eab6cc74a97609fd659e95473",
     "d7a66f64074a84652d8d623a92e20c9675c61cb5b4f6a0063e4648a2fdc02d53",
     "04a65b367a3f613cf9f0654b1b28a1e3a8a40387956c8ba6063e8658563890f46ca1ef6a676598889fc28de2950ab"
     "8120b7"
     "9a5ef1ea4c9f44bc98f585634b46d66",
     "04589f13218822710d98d8b2123a079041052d9941b9cf88c6617ddb2fcc0494662eea8ba6b64692dc318250030c6"
     "af045c"
     "b738bc81ba35b043c3dcb46adf6f58d",
     "fc6374762ba5cf11f4b2caa08b2cd1b9",
     "dfb4db8d48ae5a675963ea5e6c19d98d4ea028d8e898dad96ea19a80ade95dca",
     "d0f0609d1613138d354f7e95f19fb556bf52d751947241e8c7118df5ef0ae175"},
};

class Rfc9382 : public testing::TestWithParam<Vector> {};

TEST_P(Rfc9382, BothSidesMakeTheFiguresOfTheRfc) {
  const Vector& v = GetParam();
  const Spake2 a = Spake2::with_scalar(Spake2::Side::kA, unhex(v.w), unhex(v.x));
  const Spake2 b = Spake2::with_scalar(Spake2::Side::kB, unhex(v.w), unhex(v.y));
  EXPECT_EQ(a.share(), unhex(v.share_a));
  EXPECT_EQ(b.share(), unhex(v.share_b));
  const auto at_a = a.finish(b.share(), v.a, v.b, "");
  const auto at_b = b.finish(a.share(), v.a, v.b, "");
  ASSERT_TRUE(at_a && at_b);
  EXPECT_EQ(at_a->shared, unhex(v.ke));
  EXPECT_EQ(at_b->shared, unhex(v.ke));
  EXPECT_EQ(at_a->own_confirmation, unhex(v.confirmation_a));
  EXPECT_EQ(at_a->peer_confirmation, unhex(v.confirmation_b));
  EXPECT_EQ(at_b->own_confirmation, unhex(v.confirmation_b));
  EXPECT_EQ(at_b->peer_confirmation, unhex(v.confirmation_a));
}

INSTANTIATE_TEST_SUITE_P(AppendixB, Rfc9382, testing::ValuesIn(kVectors));

TEST(Spake2Test, AdditionalDataAndIdentitiesCount) {
  const std::string secret(48, 's');
  const Spake2 a(Spake2::Side::kA, secret);
  const Spake2 b(Spake2::Side::kB, secret);
  const auto at_a = a.finish(b.share(), "a", "b", "session");
  EXPECT_EQ(at_a->own_confirmation, b.finish(a.share(), "a", "b", "session")->peer_confirmation);
  EXPECT_NE(at_a->own_confirmation, b.finish(a.share(), "a", "b", "another")->peer_confirmation);
  EXPECT_NE(at_a->own_confirmation, b.finish(a.share(), "a", "c", "session")->peer_confirmation);
  const Spake2 other(Spake2::Side::kB, std::string(48, 't'));
  EXPECT_NE(a.finish(other.share(), "a", "b", "")->shared,
            other.finish(a.share(), "a", "b", "")->shared);
}

TEST(Spake2Test, TheSecretIsReducedModuloTheOrder) {
  // The order itself, behind 8 zero bytes, plus 5: the same as 5.
  std::string order_and_5 =
      unhex("0000000000000000ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632556");
  ASSERT_EQ(order_and_5.size(), Spake2::kMinSecretBytes);
  std::string five(40, '\0');
  five[39] = 5;
  const Spake2 a(Spake2::Side::kA, order_and_5);
  const Spake2 b(Spake2::Side::kB, five);
  EXPECT_EQ(a.finish(b.share(), "", "", "")->shared, b.finish(a.share(), "", "", "")->shared);
}

TEST(Spake2Test, PointsThatAreNoneAreRefused) {
  const Spake2 a(Spake2::Side::kA, std::string(48, 's'));
  const Spake2 b(Spake2::Side::kB, std::string(48, 's'));
  EXPECT_FALSE(a.finish("", "", "", ""));
  EXPECT_FALSE(a.finish(std::string(1, '\0'), "", "", ""));  // infinity, as SEC 1 encodes it
  EXPECT_FALSE(a.finish(std::string(Spake2::kPointBytes, '\0'), "", "", ""));
  EXPECT_FALSE(a.finish(std::string(Spake2::kPointBytes, '\xff'), "", "", ""));
  std::string off_curve = b.share();
  off_curve.back() = static_cast<char>(off_curve.back() ^ 1);
  EXPECT_FALSE(a.finish(off_curve, "", "", ""));
  EXPECT_FALSE(a.finish(b.share() + "x", "", "", ""));
  EXPECT_FALSE(a.finish(std::string_view(b.share()).substr(0, 64), "", "", ""));
  // w*N itself would make the shared point infinity.
  const std::string w = unhex("2ee57912099d31560b3a44b1184b9b4866e904c49d12ac5042c97dca461b1a5f");
  const Spake2 known = Spake2::with_scalar(Spake2::Side::kA, w, w);
  const Spake2 mask = Spake2::with_scalar(Spake2::Side::kB, w, std::string(32, '\0'));
  EXPECT_FALSE(known.finish(mask.share(), "", "", ""));
}

TEST(CryptoTest, HkdfGivesTheFiguresOfRfc5869) {
  EXPECT_EQ(
      hkdf_sha256(std::string(22, '\x0b'), unhex("000102030405060708090a0b0c"),
                  unhex("f0f1f2f3f4f5f6f7f8f9"), 42),
      unhex(
          "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"));
  EXPECT_EQ(
      hkdf_sha256(std::string(22, '\x0b'), "", "", 42),
      unhex(
          "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"));
}

TEST(CryptoTest, WhatIsSealedOpensOnlyWithTheSameKeyAndAdditionalData) {
  const std::string key(32, 'k');
  const std::string sealed = seal(key, "plain", "more");
  EXPECT_EQ(unseal(key, sealed, "more"), "plain");
  EXPECT_FALSE(unseal(key, sealed, "else"));
  EXPECT_FALSE(unseal(std::string(32, 'j'), sealed, "more"));
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string flipped = sealed;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    EXPECT_FALSE(unseal(key, flipped, "more")) << i;
    EXPECT_FALSE(unseal(key, sealed.substr(0, i), "more")) << i;
  }
}

}  // namespace
}  // namespace cluster::net
