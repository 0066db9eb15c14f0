#include "system/in_use.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "system/error.hpp"
#include "system/file_identity.hpp"
#include "system/files.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr std::string_view kGone = " (deleted)";
constexpr std::size_t kMostUsers = 8;  // that are listed

bool is_number(const std::string &text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// "\040" for a space, as the kernel writes paths.
std::string unescaped(const std::string &text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\\' && at + 3 < text.size()) {
            plain += static_cast<char>(std::stoi(text.substr(at + 1, 3), nullptr, 8));
            at += 3;
        } else {
            plain += text[at];
        }
    }
    return plain;
}

class Users {
  public:
    Users(const std::vector<fs::path> &directories, const std::set<FileKey> &own)
        : directories_(directories), own_(own) {}

    void look_at(const fs::path &process) {
        process_ = process;
        for (const auto *name : {"cwd", "root", "exe"}) {
            look_at_link(process / name);
        }
        std::error_code hidden;
        for (auto file = fs::directory_iterator(process / "fd", hidden); !hidden && file != fs::directory_iterator();
             file.increment(hidden)) {
            look_at_link(file->path());
        }
        look_at_maps(process / "maps");
    }

    [[nodiscard]] std::vector<std::string> found() const { return {found_.begin(), found_.end()}; }

  private:
    void look_at_link(const fs::path &link) {
        std::error_code hidden;
        const auto path = fs::read_symlink(link, hidden);
        if (hidden) {
            return;
        }
        if (is_in(path) || is_own(link)) {
            add(path.string());
        }
    }

    [[nodiscard]] bool is_own(const fs::path &link) const {
        struct stat status{};
        if (::stat(link.c_str(), &status) != 0 || !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))) {
            return false;
        }
        bool is_own = false;
        with_errors_logged("a process has ended", [&] { is_own = own_.contains(key_of(link)); }, true);
        return is_own;
    }

    // "FROM-TO RIGHTS OFFSET DEVICE INODE   /path"
    void look_at_maps(const fs::path &maps) {
        std::ifstream file(maps);
        for (std::string line; std::getline(file, line);) {
            const auto at = line.find('/');
            if (at != std::string::npos && is_in(line.substr(at))) {
                add(line.substr(at));
            }
        }
    }

    [[nodiscard]] bool is_in(const fs::path &path) const {
        return std::ranges::any_of(directories_, [&](const auto &directory) { return is_within(path, directory); });
    }

    void add(const std::string &path) {
        const auto name = text_of(process_ / "comm");
        const bool is_gone = path.ends_with(kGone);
        if (!is_gone && found_.size() < kMostUsers) {
            found_.insert(fmt::format("\"{}\" is open in process {} ({})", path, process_.filename().string(),
                                      name.substr(0, name.find('\n'))));
        }
    }

    const std::vector<fs::path> &directories_;
    const std::set<FileKey> &own_;
    fs::path process_;
    std::set<std::string> found_;
};

struct Mount {
    std::string device;
    fs::path root;  // of the file system, what is mounted
    fs::path point;
};

std::vector<Mount> mounts_of(const std::string &mountinfo) {
    std::vector<Mount> mounts;
    std::istringstream lines(mountinfo);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string id;
        std::string parent;
        Mount mount;
        std::string root;
        std::string point;
        if (words >> id >> parent >> mount.device >> root >> point) {
            mount.root = unescaped(root);
            mount.point = unescaped(point);
            mounts.push_back(std::move(mount));
        }
    }
    return mounts;
}

// The directory's path in its file system, by the innermost mount that it is in.
Mount place_of(const fs::path &directory, const std::vector<Mount> &mounts) {
    Mount place;
    for (const auto &mount : mounts) {
        if (is_within(directory, mount.point) && mount.point.string().size() >= place.point.string().size()) {
            place = mount;
        }
    }
    if (!place.point.empty() && directory != place.point) {
        place.root = (place.root / directory.lexically_relative(place.point)).lexically_normal();
    }
    return place;
}

}  // namespace

bool is_within(const fs::path &path, const fs::path &directory) {
    const auto &inner = path.native();
    const auto &outer = directory.native();
    return outer == "/" ? inner.starts_with('/') : inner == outer || inner.starts_with(outer + "/");
}

std::vector<std::string> open_files_in(const std::vector<fs::path> &directories, const std::set<FileKey> &own) {
    Users users(directories, own);
    std::error_code hidden;
    for (auto process = fs::directory_iterator("/proc", hidden); !hidden && process != fs::directory_iterator();
         process.increment(hidden)) {
        const auto name = process->path().filename().string();
        if (is_number(name) && name != std::to_string(::getpid())) {
            users.look_at(process->path());
        }
    }
    return users.found();
}

std::vector<std::string> mounted_in(const std::vector<fs::path> &directories, const std::string &mountinfo) {
    const auto mounts = mounts_of(mountinfo);
    std::vector<std::string> found;
    for (const auto &directory : directories) {
        const auto place = place_of(directory, mounts);
        for (const auto &mount : mounts) {
            if (is_within(mount.point, directory)) {
                found.push_back(fmt::format("a file system is mounted at \"{}\"", mount.point.string()));
            } else if (mount.device == place.device && is_within(mount.root, place.root)) {
                found.push_back(
                    fmt::format("\"{}\" is also mounted at \"{}\"", directory.string(), mount.point.string()));
            }
        }
    }
    return found;
}

bool is_mount_point(const fs::path &path) {
    return device_of(path) != device_of(path.parent_path()) ||
           std::ranges::any_of(mounts_of(read_file("/proc/self/mountinfo")),
                               [&path](const Mount &mount) { return mount.point == path; });
}

std::vector<std::string> mounted_in(const std::vector<fs::path> &directories) {
    return mounted_in(directories, read_file("/proc/self/mountinfo"));
}

}  // namespace pgaf
