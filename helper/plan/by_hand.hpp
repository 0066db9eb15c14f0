#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "checks/subject.hpp"
#include "core/steps.hpp"

// The steps of an upgrade as commands for a root shell on this node: for who must go on without the helper, or wants
// to read what it does. They say what this node is now, so they are printed before the upgrade begins.
namespace pgaf {

using Lines = std::vector<std::string>;

class ByHand {
  public:
    // Asks the node's server and the monitor. Throws HelperError(Refused) where one of them does not answer.
    explicit ByHand(Subject &subject);

    [[nodiscard]] Role role() const { return role_; }
    // The shell commands of one of the role's steps, a line each; none for one that only looks.
    [[nodiscard]] Lines commands(std::string_view step) const;

  private:
    [[nodiscard]] std::string as_owner(const std::vector<std::string> &argv) const;
    [[nodiscard]] std::string in_work_dir(const std::string &command) const;
    [[nodiscard]] std::string on_monitor(const std::string &sql) const;
    [[nodiscard]] std::string here(const std::string &sql) const;  // on this node's server
    [[nodiscard]] std::string here_in(const std::string &database, const std::string &sql) const;
    [[nodiscard]] std::string until(const std::string &query) const;
    [[nodiscard]] std::string until_settled(const std::string &state) const;
    [[nodiscard]] std::string control_value(const std::string &key) const;
    [[nodiscard]] std::string function(const std::string &name) const;

    [[nodiscard]] Lines initdb() const;
    [[nodiscard]] Lines copy_configuration(const std::filesystem::path &from, const std::filesystem::path &to,
                                           bool with_access_rules) const;
    [[nodiscard]] Lines edit_configuration(const std::filesystem::path &to) const;
    [[nodiscard]] Lines pg_upgrade(bool is_check) const;
    [[nodiscard]] Lines set_number_sync_standbys(int number) const;
    [[nodiscard]] Lines checkpoint() const;
    [[nodiscard]] Lines stop() const;
    [[nodiscard]] std::map<std::string, std::vector<std::string>> subscriptions() const;
    [[nodiscard]] std::string subscriptions_script(std::size_t number) const;
    [[nodiscard]] Lines note_subscriptions() const;
    [[nodiscard]] Lines carry_subscriptions() const;
    [[nodiscard]] Lines swap() const;
    [[nodiscard]] Lines start() const;
    [[nodiscard]] Lines start_service() const;
    [[nodiscard]] Lines identity() const;
    [[nodiscard]] Lines reconfigure() const;
    [[nodiscard]] Lines update_extensions() const;
    [[nodiscard]] Lines statistics() const;
    [[nodiscard]] Lines enter_maintenance() const;
    [[nodiscard]] Lines rebuild() const;
    [[nodiscard]] Lines rejoin() const;
    [[nodiscard]] Lines verify() const;
    [[nodiscard]] Lines tablespaces_aside() const;

    Subject &subject_;
    const Node &node_;
    const Installation &installation_;
    Role role_;
    std::filesystem::path old_dir_;
    std::filesystem::path new_dir_;
    std::filesystem::path work_dir_;
    std::string superuser_;
    std::string formation_;
    int group_ = 0;
    int number_sync_standbys_ = 0;
    std::vector<std::string> others_;  // the ids of the group's other nodes
};

}  // namespace pgaf
