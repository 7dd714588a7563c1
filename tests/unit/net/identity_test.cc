#include "net/identity.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "support.h"

namespace cluster::net {
namespace {

using testing::Folder;

std::string read(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(IdentityTest, TheKeyIsMadeOnceAndKept) {
  const Folder folder;
  const Result<Identity> first = Identity::load_or_create(folder / "node.key");
  ASSERT_TRUE(first.ok());
  struct stat info {};
  ASSERT_EQ(stat((folder / "node.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_EQ(first->spki().size(), kNodeKeyBytes);
  EXPECT_EQ(first->node(), node_id_of(first->spki()));
  EXPECT_EQ(spki_of(first->certificate()), first->spki());

  const Result<Identity> again = Identity::load_or_create(folder / "node.key");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->node(), first->node());
  EXPECT_EQ(again->derive("a"), first->derive("a"));
  EXPECT_NE(again->derive("b"), first->derive("a"));
  EXPECT_EQ(again->derive("a").size(), 32u);

  const Result<Identity> other = Identity::load_or_create(folder / "other.key");
  ASSERT_TRUE(other.ok());
  EXPECT_NE(other->node(), first->node());
}

TEST(IdentityTest, FaultsNameThePathAndChangeNothing) {
  const Folder folder;
  const std::string path = folder / "node.key";
  ASSERT_TRUE(Identity::load_or_create(path).ok());
  const std::string pem = read(path);
  const auto error = [&](const std::string& part) {
    const Result<Identity> result = Identity::load_or_create(path);
    ASSERT_FALSE(result.ok());
    EXPECT_NE(result.error().find(path), std::string::npos) << result.error();
    EXPECT_NE(result.error().find(part), std::string::npos) << result.error();
  };
  chmod(path.c_str(), 0640);
  error("0600");
  chmod(path.c_str(), 0600);
  EXPECT_TRUE(Identity::load_or_create(path).ok());
  std::ofstream(path) << pem.substr(0, pem.size() / 2);
  error("not a P-256 private key");
  std::ofstream(path) << "";
  error("not a P-256 private key");
  EXPECT_EQ(read(path), "");
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  error("not a regular file");
  std::filesystem::remove(path);
  std::filesystem::create_symlink(folder / "elsewhere", path);
  error("cannot open");
  const Result<Identity> nowhere = Identity::load_or_create(folder / "no/such/folder/node.key");
  ASSERT_FALSE(nowhere.ok());
}

TEST(IdentityTest, AKeyOfAnotherKindIsRefused) {
  const Folder folder;
  const std::string path = folder / "node.key";
  EVP_PKEY* key = EVP_EC_gen("P-384");
  BIO* bio = BIO_new_file(path.c_str(), "w");
  ASSERT_TRUE(key && bio);
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  BIO_free_all(bio);
  EVP_PKEY_free(key);
  chmod(path.c_str(), 0600);
  EXPECT_FALSE(Identity::load_or_create(path).ok());
}

}  // namespace
}  // namespace cluster::net
