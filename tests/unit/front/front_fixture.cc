#include "unit/front/front_fixture.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <thread>

#include <sys/stat.h>
#include <sys/wait.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include "base/text.h"
#include "sys/file.h"
#include "sys/listener.h"

namespace posada::front {
namespace {

constexpr std::chrono::seconds patience{20};

std::string new_folder() {
  std::string path = testing::TempDir() + "front-XXXXXX";
  if (!::mkdtemp(path.data())) throw std::runtime_error("no temporary folder");
  ::chmod(path.c_str(), 0755);  // the front is another user when the test runs as root
  return path;
}

}  // namespace

FrontTest::FrontTest() : folder_(new_folder()) {
  std::signal(SIGPIPE, SIG_IGN);  // the front may close while the client writes
  std::filesystem::create_directories(folder_ + "/page/assets");
  sys::write_file(folder_ + "/page/index.html", "<html>the page</html>");
  sys::write_file(folder_ + "/page/assets/app-1234.js", std::string(5000, 'a'));
  sys::write_file(folder_ + "/openapi.json", "{\"openapi\":\"3.1.0\"}");
  write_certificate("node");
}

FrontTest::~FrontTest() {
  if (pid_ > 0) {
    ::kill(pid_, SIGTERM);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status << log();
  }
  daemon_.reset();
  std::filesystem::remove_all(folder_);
}

void FrontTest::write_certificate(const std::string& name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ::getpid());
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  X509_sign(certificate, key, EVP_sha256());
  FILE* file = std::fopen((folder_ + "/cert.pem").c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  const std::string key_path = folder_ + "/key.pem";
  file = std::fopen(key_path.c_str(), "w");
  ::chmod(key_path.c_str(), 0600);
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

void FrontTest::start_front(std::vector<std::string> more, const std::string& host) {
  sys::Fd listener = sys::listen_on(host + ":0");
  std::string address = sys::local_address(listener);
  port_ = static_cast<std::uint16_t>(*to_integer(address.substr(address.rfind(':') + 1)));
  std::vector<std::string> arguments{POSADA_FRONT,
                                     "--socket=" + folder_ + "/front.sock",
                                     "--listen-fd=9",
                                     "--certificate=" + folder_ + "/cert.pem",
                                     "--key=" + folder_ + "/key.pem",
                                     "--page=" + folder_ + "/page",
                                     "--openapi=" + folder_ + "/openapi.json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, listener.get(), 9);
  posix_spawn_file_actions_addopen(&actions, 2, (folder_ + "/log").c_str(),
                                   O_CREAT | O_WRONLY | O_APPEND, 0644);
  ASSERT_EQ(::posix_spawn(&pid_, POSADA_FRONT, &actions, nullptr, pointers.data(), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  ASSERT_TRUE(wait_log("event=listening")) << log();
}

void FrontTest::start_daemon(TestDaemon::Handler handler) {
  daemon_ = std::make_unique<TestDaemon>(folder_ + "/front.sock", std::move(handler));
}

void FrontTest::start(TestDaemon::Handler handler) {
  start_daemon(std::move(handler));
  start_front();
  ASSERT_TRUE(daemon_->wait_connected()) << log();
}

std::string FrontTest::log() const {
  return sys::read_file_if_exists(folder_ + "/log").value_or("");
}

bool FrontTest::wait_log(const std::string& text) const {
  auto deadline = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (log().find(text) != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

}  // namespace posada::front
