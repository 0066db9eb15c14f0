#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

// A unit of systemd that names the programs of one major, told by a drop-in to run those of another. Texts only.
namespace pgaf {

// The directories of PostgreSQL's programs, and of its libraries, that a text names, in whatever layout
// (/usr/lib/postgresql/15/bin, /usr/pgsql-15/bin), and those of one major, which take their place.
class OtherPrograms {
  public:
    explicit OtherPrograms(int major) : major_(std::to_string(major)) {}

    // One that has no number in its path. Throws HelperError(Refused) where `by` has no programs.
    void add(const std::filesystem::path &old, const std::filesystem::path &by);

    // The text with the one in the place of the others. Throws HelperError(Refused) likewise.
    [[nodiscard]] std::string in(std::string text);

  private:
    std::string major_;
    std::map<std::string, std::string> known_;
};

// The pg_autoctl that an ExecStart= names, also where another program starts it, such as numactl or a shell. That of a
// shell's variable is taken for the one of all majors. Empty where it is none.
[[nodiscard]] std::filesystem::path autoctl_in(const std::string &exec_start);

// What the section [Service] of a unit's file and of its drop-ins says, in their order; of a list that is begun anew,
// what stands behind that.
struct ServiceLine {
    std::string key;
    std::string value;
};
[[nodiscard]] std::vector<ServiceLine> service_lines(const std::vector<std::filesystem::path> &files);

// Of the value of an EnvironmentFile= ("-/etc/default/pg_autoctl": one that need not be there).
[[nodiscard]] std::filesystem::path environment_file_of(const std::string &value);

struct UnitOverride {
    std::string drop_in;      // lines of [Service]; empty where the unit names no program of the old major
    std::string environment;  // of a file that goes behind the unit's own EnvironmentFiles
};

// `read` gives the text of one of the unit's EnvironmentFiles. Throws HelperError(Refused) where one of the programs is
// run as root.
[[nodiscard]] UnitOverride override_of(const std::vector<ServiceLine> &unit, OtherPrograms &programs,
                                       const std::filesystem::path &environment_file,
                                       const std::function<std::string(const std::filesystem::path &)> &read);

}  // namespace pgaf
