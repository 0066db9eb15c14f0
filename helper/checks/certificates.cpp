#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <memory>

#include <fmt/format.h>

#include "checks/check.hpp"
#include "system/shell.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

struct Close {
    void operator()(FILE *file) const { static_cast<void>(std::fclose(file)); }
};
using File = std::unique_ptr<FILE, Close>;

File open_file(const fs::path &path) {
    return File(std::fopen(path.c_str(), "re"));
}

// Where the parameter leads: relative paths begin in the data directory. Empty when it is not set.
fs::path file_of(Subject &subject, const std::string &parameter) {
    const fs::path file = subject.setting(parameter);
    return file.empty() || file.is_absolute() ? file : subject.node.data_dir / file;
}

Certificate certificate_of(Subject &subject) {
    const auto file = open_file(file_of(subject, "ssl_cert_file"));
    return {file ? PEM_read_X509(file.get(), nullptr, nullptr, nullptr) : nullptr, &X509_free};
}

Findings ssl_files(Subject &subject) {
    if (subject.setting("ssl") != "on") {
        return {};
    }
    Findings findings;
    for (const auto *parameter : {"ssl_cert_file", "ssl_key_file", "ssl_ca_file", "ssl_crl_file"}) {
        const auto path = file_of(subject, parameter);
        if (!path.empty() && !open_file(path)) {
            findings.push_back(
                {fmt::format("{} \"{}\" cannot be read by {}", parameter, path.string(), subject.node.owner.name)});
        }
    }
    if (!findings.empty()) {
        return findings;
    }
    const auto certificate = certificate_of(subject);
    if (!certificate) {
        return {{fmt::format("\"{}\" holds no certificate", file_of(subject, "ssl_cert_file").string())}};
    }
    const auto key_path = file_of(subject, "ssl_key_file");
    struct stat status{};
    if (::stat(key_path.c_str(), &status) == 0 && (status.st_mode & (status.st_uid == 0 ? 027U : 077U)) != 0) {
        findings.push_back({fmt::format("\"{}\" can be read by others", key_path.string()),
                            shell_line({"chmod", "600", key_path.string()})});
    }
    // With a passphrase the server asks for it by ssl_passphrase_command, which is not called here.
    if (subject.setting("ssl_passphrase_command").empty()) {
        const auto file = open_file(key_path);
        const auto no_passphrase = [](char *, int, int, void *) { return 0; };  // rather than to ask for one
        const Key key(PEM_read_PrivateKey(file.get(), nullptr, no_passphrase, nullptr), &EVP_PKEY_free);
        if (!key || X509_check_private_key(certificate.get(), key.get()) != 1) {
            findings.push_back({fmt::format("\"{}\" is not the key of \"{}\"", key_path.string(),
                                            file_of(subject, "ssl_cert_file").string())});
        }
        ERR_clear_error();
    }
    return findings;
}

// Whether its last day is over by the given time.
bool ends_before(const Certificate &certificate, std::time_t time) {
    return certificate && X509_cmp_time(X509_get0_notAfter(certificate.get()), &time) < 0;
}

Findings ssl_expired(Subject &subject) {
    if (subject.setting("ssl") == "on" && ends_before(certificate_of(subject), std::time(nullptr))) {
        return {{fmt::format("\"{}\" has expired", file_of(subject, "ssl_cert_file").string())}};
    }
    return {};
}

Findings ssl_expires(Subject &subject) {
    constexpr std::time_t kThirtyDays = 30L * 24 * 3600;
    const auto now = std::time(nullptr);
    if (subject.setting("ssl") != "on") {
        return {};
    }
    const auto certificate = certificate_of(subject);
    if (ends_before(certificate, now + kThirtyDays) && !ends_before(certificate, now)) {
        return {{fmt::format("\"{}\" expires within 30 days", file_of(subject, "ssl_cert_file").string())}};
    }
    return {};
}

}  // namespace

std::vector<Check> certificate_checks() {
    return {{"ssl_files", Severity::Error, Where::EveryNode, "the new server would not start with them",
             "Put certificate and key that belong together in place, readable by PGDATA's owner alone.", ssl_files},
            {"ssl_expired", Severity::Error, Where::EveryNode, "who verifies it can no longer connect",
             "Renew it, and reload the server.", ssl_expired},
            {"ssl_expires", Severity::Warning, Where::EveryNode, "who verifies it will soon no longer connect",
             "Renew it, and reload the server.", ssl_expires}};
}

}  // namespace pgaf
