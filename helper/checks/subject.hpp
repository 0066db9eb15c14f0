#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/method.hpp"
#include "node/node.hpp"
#include "postgres/connection.hpp"
#include "postgres/controldata.hpp"
#include "run/installation.hpp"

namespace pgaf {

class Trial;

// What a check needs is not there: another check has found why.
class NotExamined : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// The node that is examined, with what more than one check needs; each is made when it is first asked for.
class Subject {
  public:
    // Throws HelperError(Usage) when the target is not above the major of PGDATA.
    Subject(const Node &of_node, int to_target, std::string by_method, std::string for_standbys);
    ~Subject();
    Subject(const Subject &) = delete;
    Subject &operator=(const Subject &) = delete;

    const Node &node;
    const Installation installation;
    const int target;
    const std::string method;          // of the data nodes' pg_upgrade: link, swap, clone or copy
    const std::string standby_method;  // auto, basebackup or link

    // Of the running server. Throws NotExamined when there is none to ask.
    [[nodiscard]] Connection &server();
    // The answer of each of its databases; one that lets nobody in is left to the checks of databases.
    void each_database(const std::string &sql,
                       const std::function<void(const std::string &database, const Rows &)> &visit);
    [[nodiscard]] std::string setting(const std::string &name);
    [[nodiscard]] const ControlData &control();

    [[nodiscard]] bool is_monitor() const { return node.nodeid == 0; }
    // Whether a standby of this run is to be built by links, if that can be proved to be right.
    [[nodiscard]] bool builds_by_links() const { return takes_old_files(method) && standby_method != "basebackup"; }
    // Whether there will, or may, be every data file twice on this node.
    [[nodiscard]] bool is_copied();
    // A standby; false where no server runs to be asked.
    [[nodiscard]] bool is_secondary();

    [[nodiscard]] Connection &monitor();
    // Of pgaf_upgrade on the monitor, quoted; empty where the extension is not there.
    [[nodiscard]] const std::string &schema_of_extension();

    // Hears what is being tried where it takes long.
    std::function<void(const std::string &)> say = [](const std::string &) {};

    // From here on nothing is tried on a new cluster: what would have to be is not examined.
    void leave_out_trial() { leaves_out_trial_ = true; }
    // Throws NotExamined when no new cluster can be made, or no server started on it.
    [[nodiscard]] Trial &trial();
    // The trial that was made, null where none was asked for or can be made.
    [[nodiscard]] Trial *made_trial() { return trial_.get(); }
    // Why it cannot be made; empty when it can. Throws NotExamined where it is left out.
    [[nodiscard]] const std::string &trial_error();

  private:
    std::unique_ptr<Connection> server_;
    std::optional<ControlData> control_;
    std::optional<bool> is_secondary_;
    std::unique_ptr<Connection> monitor_;
    std::optional<std::string> schema_of_extension_;
    bool leaves_out_trial_ = false;
    std::unique_ptr<Trial> trial_;
    std::optional<std::string> trial_error_;
};

}  // namespace pgaf
