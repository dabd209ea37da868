#include "proxy/program/manual.h"

#include "proxy/config/config.h"
#include "proxy/config/config_options.h"
#include "proxy/config/sources.h"
#include "proxy/program/versions.h"

namespace keyhole::program {
namespace {

using core::Option;

// What the shells complete first; keyhole top --help has their options.
constexpr std::string_view kWords = "top keys slow health reload check generate";

// Of man(7): a backslash is an escape, and so is a dot or a quote at the beginning of a line.
std::string Roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (out.empty() && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string Default(const Option& option) {
  const std::string shown = option.show == nullptr ? "" : option.show(core::Config());
  return option.is_switch() || shown.empty() ? "" : " Default: " + Roff(shown) + ".";
}

std::string Head(std::string_view name, std::string_view section, std::string_view what) {
  return std::string(".\\\" Made by keyhole generate.\n.TH ")
      .append(name)
      .append(" ")
      .append(section)
      .append(" \"\" \"")
      .append(core::VersionLine())
      .append("\"\n.SH NAME\n")
      .append(what)
      .append("\n");
}

// The options under the headings of their groups. as_flags: else as keys of the file.
std::string OptionList(bool as_flags) {
  std::string text;
  std::string_view group;
  for (const Option& option : core::Options()) {
    if (!as_flags && option.apply == nullptr) continue;
    if (option.group != group) text.append(".SS ").append(option.group).append("\n");
    group = option.group;
    text.append(".TP\n\\fB").append(Roff(as_flags ? option.flag : option.key())).append("\\fR");
    if (!as_flags) text.append(" =");
    if (!option.is_switch()) {
      text.append(" \\fI").append(Roff(option.value)).append("\\fR");
    } else if (!as_flags) {
      text.append(" true");
    }
    text.append("\n").append(Roff(option.help)).append(Default(option)).append("\n");
  }
  return text;
}

// In single quotes, for a shell.
std::string Quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

// The first sentence; a menu has no room for more.
std::string_view Short(std::string_view help) {
  return help.substr(0, help.find(". "));
}

}  // namespace

std::string ManualOfProgram() {
  return Head("KEYHOLE", "1",
              "keyhole \\- a Redis proxy that shows which keys hit and which miss") +
         R"(.SH SYNOPSIS
.B keyhole
[\fIOPTION\fR]...
.br
.B keyhole top\fR|\fBkeys\fR|\fBslow\fR|\fBhealth\fR|\fBreload
[\fIURL\fR]
.br
.B keyhole check
\fIFILE\fR [\fIOPTION\fR]...
.SH DESCRIPTION
Clients of Redis connect to
.B keyhole
instead of to Redis, and change nothing but the port. It passes their commands on, counts hits and misses of each key,
and shows them at http://localhost:9000/ and, for Prometheus, at /metrics. Without
.B \-\-upstream
it serves from a store in its own memory.
.PP
.BR "keyhole top" ", " keys " and " slow
look into a running one from a terminal;
.B keyhole health
is for health checks of containers;
.B keyhole reload
has a running one read its options again.
.B keyhole check
.I FILE
says whether a file could be used, and exits with 2 if not.
.SH OPTIONS
SIZE is bytes, or has a unit: 64kb, 256mb, 1gb. DURATION is seconds, or has a unit: 500ms, 10s, 5m, 1h.
)" + OptionList(/*as_flags=*/true) +
         R"(.SH ENVIRONMENT
Each option is also a variable:
.B \-\-tracked\-keys
is
.BR KEYHOLE_TRACKED_KEYS ;
lists go with commas. Flags beat the environment, which beats the file.
.SH SIGNALS
SIGTERM and SIGINT let requests in flight end, within
.BR \-\-shutdown\-grace ;
a second one stops at once.
SIGHUP has the options, the file of users and the certificates read again, as
.B keyhole reload
does: what can change at once does, the log names what needs a restart, and a mistake changes nothing.
SIGUSR1 has the file of
.B \-\-log\-file
opened again.
.SH EXIT STATUS
0: stopped as asked. 1: it could not start. 2: a wrong option.
.SH SEE ALSO
.BR keyhole.toml (5),
.BR redis\-cli (1)
)";
}

std::string ManualOfFile() {
  return Head("KEYHOLE.TOML", "5", "keyhole.toml \\- the configuration of keyhole") +
         R"(.SH DESCRIPTION
A file of TOML that
.B keyhole \-\-config
reads: one line for each option, with the name of its flag without the dashes. Flags and the environment beat it. A name
that is not an option is an error, and so is an empty value.
.PP
.nf
upstream = "redis://127.0.0.1:6379"
key\-pattern = ["user:*", "session:*"]
near\-cache = "64mb"
.fi
.SH OPTIONS
)" + OptionList(/*as_flags=*/false) +
         R"(.SH SEE ALSO
.BR keyhole (1)
)";
}

std::string BashCompletion() {
  std::string flags;
  for (const Option& option : core::Options()) flags.append(option.flag).append(" ");
  return "# bash completion for keyhole; made by keyhole generate bash\n"
         "_keyhole() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} words='" +
         flags +
         "'\n"
         "  (( COMP_CWORD == 1 )) && words+=' " +
         std::string(kWords) +
         "'\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
         "}\n"
         "complete -o default -F _keyhole keyhole\n";
}

std::string ZshCompletion() {
  std::string text = "#compdef keyhole\n# Made by keyhole generate zsh.\n_arguments \\\n";
  for (const Option& option : core::Options()) {
    std::string help(Short(option.help));
    for (size_t at = 0; (at = help.find_first_of("[]:\\", at)) != help.npos; at += 2) {
      help.insert(at, "\\");
    }
    const std::string value = option.is_switch() ? "" : ":" + std::string(option.value);
    std::string spec = std::string(option.list ? "*" : "") + std::string(option.flag) + "[" + help;
    text += "  " + Quoted(spec + "]" + value) + " \\\n";
  }
  return text + "  '1:command:(" + std::string(kWords) + ")'\n";
}

std::string FishCompletion() {
  std::string text =
      "# Made by keyhole generate fish.\ncomplete -c keyhole -n __fish_use_subcommand -f -a '" +
      std::string(kWords) + "'\n";
  for (const Option& option : core::Options()) {
    text.append("complete -c keyhole -l ").append(option.key());
    if (!option.is_switch()) text.append(" -r");
    text.append(" -d ").append(Quoted(Short(option.help))).append("\n");
  }
  return text;
}

std::optional<std::string> Generate(std::string_view what) {
  if (what == "man") return ManualOfProgram();
  if (what == "man5") return ManualOfFile();
  if (what == "bash") return BashCompletion();
  if (what == "zsh") return ZshCompletion();
  if (what == "fish") return FishCompletion();
  if (what == "sbom") return BillOfMaterials();
  return std::nullopt;
}

}  // namespace keyhole::program
