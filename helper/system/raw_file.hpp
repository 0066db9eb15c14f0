#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

// Files read and written by position and in pieces. All throw HelperError(StepFailed) that names the file and the
// system's reason.
namespace pgaf {

// By errno: "could not WHAT "PATH": REASON".
[[noreturn]] void fail_by_errno(std::string_view what, const std::filesystem::path &path);

class Descriptor {
  public:
    Descriptor(const std::filesystem::path &path, int flags, mode_t mode = 0);
    ~Descriptor();
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

class InputFile {
  public:
    explicit InputFile(std::filesystem::path path);

    [[nodiscard]] std::uint64_t size() const { return size_; }

    // Fewer bytes than asked for at the end of the file.
    [[nodiscard]] std::string read(std::uint64_t from, std::size_t bytes) const;

    // Without the zeros at its end that fill whole blocks of 8 kB, counted from its beginning.
    [[nodiscard]] std::uint64_t filled() const;

  private:
    std::filesystem::path path_;
    Descriptor file_;
    std::uint64_t size_ = 0;
};

// What was there before is emptied, or appended to; a symbolic link is refused. Not flushed by itself.
class OutputFile {
  public:
    enum class Begin { Empty, Append };
    OutputFile(std::filesystem::path path, mode_t mode, Begin begin = Begin::Empty);

    void set_group(gid_t group);  // where we are a member of it

    void write(std::string_view bytes);
    void set_size(std::uint64_t bytes);  // what is added is zeros
    void flush();

  private:
    std::filesystem::path path_;
    Descriptor file_;
};

// Everything of the file system that the path is on.
void flush_file_system(const std::filesystem::path &path);

}  // namespace pgaf
