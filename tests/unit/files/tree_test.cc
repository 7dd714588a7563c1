#include "files/tree.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <atomic>

#include "files/attributes.h"
#include "files/path.h"
#include "tests/unit/files/disk.h"

namespace cluster::files {
namespace {

using Kind = Look::Kind;

class TreeTest : public DiskTest {
 protected:
  std::string refusal(const std::string& path) {
    const auto result = tree().look(path);
    return result.ok() ? "" : result.error();
  }
};

TEST_F(TreeTest, TellsWhatAPathHolds) {
  write("etc/app.conf", "port = 1\n");
  fs::create_symlink("../elsewhere", root_ / "etc/link");
  chmod((root_ / "etc/app.conf").c_str(), 0640);
  const Look file = look("etc/app.conf");
  ASSERT_EQ(file.kind, Kind::kFound);
  EXPECT_EQ(file.found.state.type, sync::FileType::kFile);
  EXPECT_EQ(file.found.state.size, 9U);
  EXPECT_EQ(file.found.state.mode, 0640U);
  EXPECT_EQ(file.found.state.owner, names_.user(geteuid()));
  EXPECT_EQ(file.found.state.content, "");
  EXPECT_EQ(file.found.state.mtime_ns, file.found.signature.mtime_ns);
  EXPECT_EQ(file.links, 1U);
  const Look link = look("etc/link");
  EXPECT_EQ(link.found.state.type, sync::FileType::kLink);
  EXPECT_EQ(link.found.state.content, "../elsewhere");
  EXPECT_EQ(link.found.state.mode, 0U);
  const Look folder = look("etc");
  EXPECT_EQ(folder.found.state.type, sync::FileType::kFolder);
  EXPECT_EQ(folder.found.state.mtime_ns, 0);
  EXPECT_EQ(look("").found.state.type, sync::FileType::kFolder);
  EXPECT_EQ(look("absent").kind, Kind::kAbsent);
  EXPECT_EQ(look("absent/deeper").kind, Kind::kAbsent);
  EXPECT_EQ(look("etc/app.conf/deeper").kind, Kind::kAbsent);
}

TEST_F(TreeTest, NamesAreBytes) {
  for (const std::string& name : {std::string("new\nline"), std::string("\xff\xfe\x80"),
                                  std::string(255, 'n'), std::string("-rf *"), std::string("\\")}) {
    const std::string path = join(name, name);
    write(path, "x");
    EXPECT_EQ(look(path).kind, Kind::kFound);
    EXPECT_TRUE(tree().open_to_read(path).fd);
    EXPECT_EQ(*tree().list(name), std::vector<std::string>{name});
  }
}

TEST_F(TreeTest, NoPathLeadsOut) {
  write("f", "x");
  fs::create_directory(folder_ / "outside");
  std::ofstream(folder_ / "outside" / "secret") << "s";
  fs::create_symlink(folder_ / "outside", root_ / "absolute");
  fs::create_symlink("../outside", root_ / "relative");
  fs::create_symlink(folder_ / "outside" / "secret", root_ / "final");
  for (const std::string path :
       {"../outside/secret", "a/../../outside/secret", "/etc/passwd", "./f", "f/", "", "."}) {
    EXPECT_FALSE(tree().open_to_read(path).fd) << path;
    if (!path.empty()) {
      EXPECT_NE(refusal(path), "") << path;
    }
  }
  for (const char* path : {"absolute/secret", "relative/secret"}) {
    EXPECT_EQ(look(path).kind, Kind::kAbsent) << path;
    EXPECT_TRUE(tree().open_to_read(path).absent()) << path;
  }
  EXPECT_FALSE(tree().list("absolute").ok());
  EXPECT_EQ(look("final").found.state.type, sync::FileType::kLink);
  EXPECT_FALSE(tree().open_to_read("final").fd) << "a link at the end is not followed either";
}

// Somebody swaps a folder for a link to another all the time, and hopes that it is followed once.
TEST_F(TreeTest, ASwappedFolderDoesNotLeadOut) {
  write("d/secret", "inside");
  fs::create_directory(folder_ / "outside");
  std::ofstream(folder_ / "outside" / "secret") << "outside";
  fs::create_symlink(folder_ / "outside", root_ / "l");
  tree();
  std::atomic<bool> stop = false;
  std::thread swapper([&] {
    while (!stop)
      renameat2(AT_FDCWD, (root_ / "d").c_str(), AT_FDCWD, (root_ / "l").c_str(), RENAME_EXCHANGE);
  });
  size_t opened = 0;
  for (int i = 0; i < 3000; ++i) {
    const Tree::Opened file = tree().open_to_read("d/secret");
    if (!file.fd) continue;
    ++opened;
    char text[16] = {};
    ASSERT_GT(::read(file.fd.get(), text, sizeof text), 0);
    ASSERT_STREQ(text, "inside");
  }
  stop = true;
  swapper.join();
  EXPECT_GT(opened, 0U);
}

// As on an old kernel, or under a seccomp filter that does not know it. True: `check` was, in a process of its own.
template <class Check>
bool without_openat2(Check check) {
  const pid_t child = fork();
  if (child == 0) {
    sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const sock_fprog filter{4, code};
    const bool set = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                     prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
    _exit(set && check() ? 0 : 1);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && status == 0;
}

TEST_F(TreeTest, WithoutOpenat2NoPathLeadsOutEither) {
  write("a/b/f", "x");
  fs::create_directory(folder_ / "outside");
  std::ofstream(folder_ / "outside" / "secret") << "s";
  fs::create_symlink(folder_ / "outside", root_ / "a/link");
  tree();
  EXPECT_TRUE(without_openat2([&] {
    return look("a/b/f").kind == Kind::kFound && look("").kind == Kind::kFound &&
           tree().list("a/b").ok() && tree().open_to_read("a/b/f").fd &&
           look("a/link/secret").kind == Kind::kAbsent &&
           tree().open_to_read("a/link/secret").absent() && !tree().list("a/link").ok() &&
           look("a/b/f/deeper").kind == Kind::kAbsent && look("no/such").kind == Kind::kAbsent;
  }));
}

TEST_F(TreeTest, WhatIsNoFileIsNeverOpened) {
  ASSERT_EQ(mkfifo((root_ / "fifo").c_str(), 0600), 0);
  const int sock = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{AF_UNIX, {}};
  const std::string path = root_ / "socket";
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (bind(sock, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    EXPECT_EQ(look("socket").what, "a socket");
  }
  close(sock);
  EXPECT_EQ(look("fifo").kind, Kind::kOther);
  EXPECT_EQ(look("fifo").what, "a FIFO");
  EXPECT_FALSE(tree().open_to_read("fifo").fd);
  if (mknod((root_ / "null").c_str(), S_IFCHR | 0600, makedev(1, 3)) != 0)
    GTEST_SKIP() << "needs the right to make devices";
  EXPECT_EQ(look("null").kind, Kind::kOther);
  EXPECT_EQ(look("null").what, "a device");
  EXPECT_FALSE(tree().open_to_read("null").fd);
}

TEST_F(TreeTest, AnotherFileSystemIsNotPartOfIt) {
  write("d/below", "hidden");
  tree();
  const Mounted mounted(root_ / "d", "size=1m");
  if (!mounted) GTEST_SKIP() << "needs the right to mount";
  write("d/f", "on it");
  EXPECT_EQ(look("d").kind, Kind::kOther);
  EXPECT_EQ(look("d/f").kind, Kind::kOther);
  EXPECT_EQ(tree().open_to_read("d/f").error, EXDEV);
}

TEST_F(TreeTest, AFileThatIsAMountPointIsNotPartOfIt) {
  write("f", "below");
  write("g", "on it");
  if (mount((root_ / "g").c_str(), (root_ / "f").c_str(), nullptr, MS_BIND, nullptr) != 0)
    GTEST_SKIP() << "needs the right to mount";
  EXPECT_EQ(look("f").kind, Kind::kOther);
  EXPECT_EQ(tree().open_to_read("f").error, EXDEV);
  umount2((root_ / "f").c_str(), MNT_DETACH);
  EXPECT_EQ(look("f").kind, Kind::kFound);
}

TEST_F(TreeTest, ARootThatIsGoneIsAnErrorAndNotAnEmptyTree) {
  write("f", "x");
  tree();
  fs::rename(root_, folder_ / "moved");
  EXPECT_FALSE(tree().check().ok());
  EXPECT_NE(refusal("f"), "");
  EXPECT_FALSE(tree().list("").ok());
  fs::create_directory(root_);
  EXPECT_NE(refusal("f").find("is not the folder any more"), std::string::npos) << refusal("f");
  EXPECT_EQ(tree().open_to_read("f").error, ESTALE);
  fs::remove(root_);
  fs::rename(folder_ / "moved", root_);
  EXPECT_EQ(look("f").kind, Kind::kFound);
}

TEST_F(TreeTest, CanBeUnmountedWhileItIsKnown) {
  const Mounted mounted(root_, "size=1m");
  if (!mounted) GTEST_SKIP() << "needs the right to mount";
  write("f", "x");
  EXPECT_EQ(look("f").kind, Kind::kFound);
  EXPECT_EQ(umount2(root_.c_str(), 0), 0) << "it is not busy";
  EXPECT_NE(refusal("f"), "");
  EXPECT_FALSE(tree().check().ok());
}

TEST_F(TreeTest, AnEditOfTheSameLengthWithinATickIsNotTrusted) {
  write("f", "one");
  const Look first = look("f");
  EXPECT_TRUE(first.found.signature.racy) << "one more edit might not show";
  EXPECT_EQ(trust(first.found.signature, look("f").found.signature, tree().tick_ns()),
            Trust::kNothing);
  tick();
  const Look second = look("f");
  EXPECT_FALSE(second.found.signature.racy);
  write("f", "two");
  EXPECT_EQ(trust(second.found.signature, look("f").found.signature, tree().tick_ns()),
            Trust::kNothing);
  EXPECT_FALSE(same_signature(second.found.signature, look("f").found.signature));
}

TEST_F(TreeTest, AFileWithAnOldTimeVouchesForItsContent) {
  write("f", "one");
  const timespec times[2] = {{0, UTIME_OMIT}, {1'500'000'000, 5}};
  utimensat(AT_FDCWD, (root_ / "f").c_str(), times, 0);
  const Look first = look("f");
  EXPECT_TRUE(first.found.signature.racy);
  EXPECT_EQ(trust(first.found.signature, look("f").found.signature, tree().tick_ns()),
            Trust::kContent);
  write("f", "two");
  EXPECT_EQ(trust(first.found.signature, look("f").found.signature, tree().tick_ns()),
            Trust::kNothing);
}

TEST_F(TreeTest, AttributesAndAclsBelongToTheState) {
  if (!keeps_user_attributes()) GTEST_SKIP() << "no user.* attributes on this file system";
  write("f", "x");
  ASSERT_EQ(setxattr((root_ / "f").c_str(), "user.note", "n", 1, 0), 0);
  const std::string acl = "user::rw-,user:root:r--,group::r--,mask::r--,other::---";
  const auto raw = acl_from_text(acl, names_);
  if (setxattr((root_ / "f").c_str(), "system.posix_acl_access", raw->data(), raw->size(), 0) != 0)
    GTEST_SKIP() << "no ACLs on this file system";
  EXPECT_EQ(look("f").found.state.attributes,
            (Attributes{{"system.posix_acl_access", acl}, {"user.note", "n"}}));
}

TEST_F(TreeTest, TellsItsFreeSpace) {
  EXPECT_GT(*tree().free_bytes(), 0U);
  EXPECT_NE(tree().identity().inode, 0U);
  EXPECT_EQ(Tree::open(root_.string(), names_)->identity(), tree().identity());
  EXPECT_FALSE(Tree::open(folder_ / "absent", names_).ok());
}

}  // namespace
}  // namespace cluster::files
