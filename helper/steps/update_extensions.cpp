#include "steps/steps.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "cluster/extension_updates.hpp"
#include "run/sessions.hpp"
#include "run/warnings.hpp"
#include "system/fault.hpp"
#include "system/process.hpp"

namespace pgaf {

namespace {

// An application may hold what is to be changed. Whoever asks for it after us waits as long as we do.
constexpr const char *kLockTimeout = "SET lock_timeout = '10 s'";

class Updates {
  public:
    explicit Updates(const Context &context) : context_(context) {}

    void update_in(const std::string &database) {
        try {
            auto server = writing_session(context_, database);
            server.query(kLockTimeout);
            for (const auto &update : extension_updates(server)) {
                fault_point(steps::kUpdateExtensions, "middle");
                if (stop_was_asked()) {
                    throw HelperError(ExitCode::StepFailed, "stopped by the operator");
                }
                context_.say(fmt::format("{} in database \"{}\"", update.name, database));
                update_one(server, database, update);
            }
        } catch (const HelperError &error) {
            if (stop_was_asked()) {
                throw;
            }
            warn(fmt::format("the extensions in database \"{}\"", database), error.what(),
                 fmt::format("In database \"{}\", for each of them: ALTER EXTENSION name UPDATE;", database));
        }
    }

    [[nodiscard]] nlohmann::json json() const {
        return {{"updated", updated_ > 0}, {"number", updated_}, {"warnings", warnings_.json()}};
    }

  private:
    void update_one(Connection &server, const std::string &database, const ExtensionUpdate &update) {
        try {
            server.query(update.statement);
            ++updated_;
            spdlog::info("{} from {} to {}", update.statement, update.from, update.to);
        } catch (const PgError &error) {
            if (error.connection_lost()) {
                throw;
            }
            const auto dependents = dependents_of(server, update.name);
            warn(fmt::format("extension {} in database \"{}\"", update.name, database),
                 fmt::format("not updated from {} to {}: {}", update.from, update.to, error.what()),
                 dependents.empty()
                     ? fmt::format("Fix the cause. Then, in database \"{}\": {};", database, update.statement)
                     : fmt::format("In database \"{}\": drop what the error names of what depends on it ({}); {}; make "
                                   "it again.",
                                   database, dependents, update.statement));
        }
    }

    void warn(const std::string &object, const std::string &error, const std::string &remedy) {
        spdlog::warn("{}: {}", object, error);
        warnings_.add(object, error, remedy);
    }

    const Context &context_;
    Warnings warnings_;
    int updated_ = 0;
};

}  // namespace

// Each by itself: what an application has built on one holds up no other.
nlohmann::json UpdateExtensions::perform(const Context &context) const {
    fault_point(name(), "middle");
    Updates updates(context);
    auto server = context.local_server();
    for (const auto &database : databases_of(server)) {
        updates.update_in(database);
    }
    return updates.json();
}

}  // namespace pgaf
