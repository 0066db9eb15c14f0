#include "system/raw_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "system/error.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr std::uint64_t kBlock = 8192;

}  // namespace

void fail_by_errno(std::string_view what, const fs::path &path) {
    const auto reason = std::generic_category().message(errno);
    throw HelperError(ExitCode::StepFailed, fmt::format("could not {} \"{}\": {}", what, path.string(), reason));
}

Descriptor::Descriptor(const fs::path &path, int flags, mode_t mode)
    : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {
    if (fd_ < 0) {
        fail_by_errno("open", path);
    }
}

Descriptor::~Descriptor() {
    ::close(fd_);
}

InputFile::InputFile(fs::path path) : path_(std::move(path)), file_(path_, O_RDONLY | O_NONBLOCK) {
    struct stat status{};
    if (::fstat(file_.get(), &status) != 0) {
        fail_by_errno("access", path_);
    }
    if (!S_ISREG(status.st_mode)) {
        throw HelperError(ExitCode::StepFailed, fmt::format("\"{}\" is no regular file", path_.string()));
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
}

std::string InputFile::read(std::uint64_t from, std::size_t bytes) const {
    std::string content(bytes, '\0');
    std::size_t done = 0;
    while (done < bytes) {
        const auto count = ::pread(file_.get(), content.data() + done, bytes - done, static_cast<off_t>(from + done));
        if (count < 0) {
            fail_by_errno("read", path_);
        }
        if (count == 0) {
            break;
        }
        done += static_cast<std::size_t>(count);
    }
    content.resize(done);
    return content;
}

std::uint64_t InputFile::filled() const {
    auto filled = size_;
    while (filled > 0) {
        const auto begin = (filled - 1) / kBlock * kBlock;
        const auto last = read(begin, filled - begin);
        if (std::ranges::any_of(last, [](char byte) { return byte != '\0'; })) {
            break;
        }
        filled = begin;
    }
    return filled;
}

OutputFile::OutputFile(fs::path path, mode_t mode, Begin begin)
    : path_(std::move(path)),
      file_(path_, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | (begin == Begin::Empty ? O_TRUNC : O_APPEND), 0600) {
    if (::fchmod(file_.get(), mode) != 0) {
        fail_by_errno("set mode of", path_);
    }
}

void OutputFile::set_group(gid_t group) {
    if (::fchown(file_.get(), static_cast<uid_t>(-1), group) != 0 && errno != EPERM) {
        fail_by_errno("set group of", path_);
    }
}

void OutputFile::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto count = ::write(file_.get(), bytes.data(), bytes.size());
        if (count < 0) {
            fail_by_errno("write", path_);
        }
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

void OutputFile::set_size(std::uint64_t bytes) {
    if (::ftruncate(file_.get(), static_cast<off_t>(bytes)) != 0) {
        fail_by_errno("extend", path_);
    }
}

void OutputFile::flush() {
    if (::fsync(file_.get()) != 0) {
        fail_by_errno("flush", path_);
    }
}

void flush_file_system(const fs::path &path) {
    const Descriptor directory(path, O_RDONLY | O_DIRECTORY);
    if (::syncfs(directory.get()) != 0) {
        fail_by_errno("flush the file system of", path);
    }
}

}  // namespace pgaf
