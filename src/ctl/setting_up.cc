#include "ctl/setting_up.h"

#include <filesystem>

#include "ctl/fields.h"
#include "ctl/output.h"
#include "ctl/text.h"
#include "setup/setup.h"

namespace cluster::ctl {

namespace {

// Commands are to work wherever they are pasted.
std::string folder_of(const Arguments& arguments) {
  std::error_code error;
  const std::string given =
      arguments.config_dir.empty() ? setup::kUsualFolder : arguments.config_dir;
  const auto full = std::filesystem::absolute(given, error).lexically_normal();
  return error ? given : full.string();
}

Exit refuse(const std::string& why) { return complain({kRefused, "refused: " + printable(why)}); }

}  // namespace

Exit init(const Arguments& arguments) {
  const std::string folder = folder_of(arguments);
  const auto begun = setup::init(folder, arguments.words, &config::local_identity);
  if (!begun) return refuse(begun.error());
  if (arguments.json) {
    Json out{{"written", begun->written}, {"kept", begun->kept}, {"hosts", Json::array()}};
    for (const auto& host : begun->hosts.entries)
      out["hosts"].push_back(
          {{"id", host.id.value}, {"name", host.name}, {"self", host.id == begun->self}});
    print(out.dump() + "\n");
    return kDone;
  }
  std::string out;
  for (const std::string& path : begun->written) out += "wrote " + path + "\n";
  for (const std::string& path : begun->kept) out += "kept  " + path + ", which was there\n";
  out += "\n";
  for (const auto& host : begun->hosts.entries)
    out += "  host " + std::to_string(host.id.value) + "  " + host.name +
           (host.dynamic ? ", which connects to the others" : "") +
           (host.id == begun->self ? "  (this one)" : "") + "\n";
  if (!begun->self)
    out += "\nWhich of them this host is cannot be told: " + begun->why_not_self +
           ".\nOnce that is so, or with `id = N` in " + folder + "/cluster.conf:\n";
  else
    out += "\nNext, here:\n";
  out += "  clusterd --check-config && systemctl enable --now clusterd\n  clusterctl status\n";
  out += "\nOn each other host, with its own `id` in cluster.conf if you set one, copy " + folder +
         "/hosts, services and\n" +
         "cluster.conf to the same place, over a connection that nobody else can read, and do the "
         "same.\n";
  print(out);
  return kDone;
}

Exit invite(const Arguments& arguments) {
  const auto invitation =
      setup::invite(folder_of(arguments), arguments.words[0], &config::local_identity);
  if (!invitation) return refuse(invitation.error());
  if (arguments.json) {
    print(Json{{"id", invitation->id.value},
               {"name", invitation->name},
               {"line", invitation->line},
               {"add", invitation->add},
               {"join", invitation->join}}
              .dump() +
          "\n");
    return kDone;
  }
  print("# Line " + std::to_string(invitation->id.value) + " of every hosts file, by which " +
        invitation->name + " will be host " + std::to_string(invitation->id.value) + ":\n" +
        invitation->line + "\n\n# Add it here and send it to the other hosts:\n" + invitation->add +
        "\n\n# Then on " + invitation->name + ", with Cluster installed:\n" + invitation->join +
        "\n");
  return kDone;
}

}  // namespace cluster::ctl
