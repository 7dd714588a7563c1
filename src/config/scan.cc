#include "config/scan.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

#include "base/ensure.h"

namespace cluster::config {

namespace {

enum class TokenKind : uint8_t { kWord, kString, kSymbol, kBroken, kEnd };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  char symbol = 0;  // of kSymbol: = { } ( ) ,
  int line = 1;
  size_t begin = 0;
  size_t end = 0;

  bool is(char c) const { return kind == TokenKind::kSymbol && symbol == c; }
  bool is_value() const { return kind == TokenKind::kWord || kind == TokenKind::kString; }
};

constexpr std::string_view kSymbols = "={}(),";
constexpr std::string_view kWordEnds = " \t\n\"'#={}(),+*";

// Cuts the text into tokens; comments are blanked in place. What is malformed is reported here and
// becomes kBroken.
class Lexer {
 public:
  Lexer(const std::string& file, std::string& text, Report& report)
      : file_(file), text_(text), report_(report) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    while (true) {
      skip_blanks_and_comments();
      tokens.push_back(next());
      if (tokens.back().kind == TokenKind::kEnd) return tokens;
    }
  }

 private:
  bool at(std::string_view what) const {
    return std::string_view(text_).substr(position_).starts_with(what);
  }

  void blank_to(size_t end) {
    for (; position_ < end; ++position_) {
      if (text_[position_] == '\n') {
        ++line_;
      } else {
        text_[position_] = ' ';
      }
    }
  }

  void skip_blanks_and_comments() {
    while (position_ < text_.size()) {
      const char c = text_[position_];
      if (c == '\n') {
        ++line_;
        ++position_;
      } else if (c == ' ' || c == '\t') {
        ++position_;
      } else if (c == '#' || at("//")) {
        blank_to(std::min(text_.find('\n', position_), text_.size()));
      } else if (at("/*")) {
        const size_t close = text_.find("*/", position_ + 2);
        if (close == std::string::npos) {
          report_.fault(file_, line_, "the comment that starts here is not closed",
                        "'*/' after it");
          blank_to(text_.size());
        } else {
          blank_to(close + 2);
        }
      } else {
        return;
      }
    }
  }

  Token next() {
    Token token;
    token.line = line_;
    token.begin = position_;
    if (position_ == text_.size()) {
      token.end = position_;
      return token;
    }
    const char c = text_[position_];
    if (c == '"' || c == '\'') {
      token.kind = string(c) ? TokenKind::kString : TokenKind::kBroken;
    } else if (kSymbols.find(c) != std::string_view::npos) {
      token.kind = TokenKind::kSymbol;
      token.symbol = c;
      ++position_;
    } else if (at("+=")) {
      report_.fault(file_, line_, "'+=' is not supported", "'=' with the whole list");
      token.kind = TokenKind::kBroken;
      position_ += 2;
    } else if (c == '+' || c == '*') {
      report_.fault(file_, line_, "stray " + in_quotes({&c, 1}), "KEY = VALUE");
      token.kind = TokenKind::kBroken;
      ++position_;
    } else if (at("${")) {
      report_.fault(file_, line_, "variables of the environment are not filled in",
                    "the value itself");
      token.kind = TokenKind::kBroken;
      // Its closing brace is no token of ours.
      const size_t stop = text_.find_first_of("}\n", position_);
      position_ = stop == std::string::npos ? text_.size() : stop + (text_[stop] == '}' ? 1 : 0);
    } else {
      token.kind = TokenKind::kWord;
      position_ = std::min(text_.find_first_of(kWordEnds, position_), text_.size());
    }
    token.end = position_;
    return token;
  }

  // Goes behind the string, or to the end of the line where it is malformed.
  bool string(char quote) {
    const size_t line_end = std::min(text_.find('\n', position_), text_.size());
    bool sound = true;
    for (size_t i = position_ + 1; i < line_end; ++i) {
      const char c = text_[i];
      if (c == quote) {
        position_ = i + 1;
        return sound;
      }
      const char following = i + 1 < line_end ? text_[i + 1] : '\0';
      if (c == '\\' && i + 1 < line_end) {
        if (quote == '"' && (following == 'x' || (following >= '0' && following <= '9'))) {
          if (sound) {
            report_.fault(file_, line_, "the string holds an escape by number",
                          "the character itself");
          }
          sound = false;
        }
        ++i;
      } else if (quote == '"' && c == '$' && following == '{') {
        if (sound) {
          report_.fault(file_, line_, "variables of the environment are not filled in",
                        "the value itself");
        }
        sound = false;
      }
    }
    report_.fault(file_, line_, "the string that starts here is not closed",
                  std::string(1, quote) + " before the end of the line");
    position_ = line_end;
    return false;
  }

  const std::string& file_;
  std::string& text_;
  Report& report_;
  size_t position_ = 0;
  int line_ = 1;
};

bool is_key(std::string_view word) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !word.empty() && letter(word.front()) &&
         std::all_of(word.begin(), word.end(),
                     [&](char c) { return letter(c) || digit(c) || c == '-'; });
}

class Parser {
 public:
  Parser(const std::string& file, const std::string& text, std::vector<Token> tokens,
         Report& report)
      : file_(file), text_(text), tokens_(std::move(tokens)), report_(report) {}

  std::vector<Statement> run() {
    std::vector<Statement> all;
    bool closed = false;
    while (peek().kind != TokenKind::kEnd) {
      auto more = block(0, closed);
      std::move(more.begin(), more.end(), std::back_inserter(all));
      if (closed) report_.fault(file_, tokens_[next_ - 1].line, "stray '}'", "KEY = VALUE");
    }
    return all;
  }

 private:
  const Token& peek(size_t ahead = 0) const {
    return tokens_[std::min(next_ + ahead, tokens_.size() - 1)];
  }
  std::string_view text_of(const Token& token) const {
    return std::string_view(text_).substr(token.begin, token.end - token.begin);
  }
  std::string found(const Token& token) const {
    return token.kind == TokenKind::kEnd ? "the end of the file" : in_quotes(text_of(token));
  }

  // A fault at the next token: what the lexer has reported already is not told twice.
  void refuse(const Token& token, std::string_view wrong, std::string_view expected) {
    if (token.kind != TokenKind::kBroken) report_.fault(file_, token.line, wrong, expected);
  }

  // Goes on at the next line, or stays where that is already reached.
  void skip_rest_of(int line) {
    while (peek().kind != TokenKind::kEnd && peek().line == line) ++next_;
  }

  // Statements up to the end, or behind the brace that closes this block.
  std::vector<Statement> block(int depth, bool& closed) {
    std::vector<Statement> out;
    closed = false;
    while (peek().kind != TokenKind::kEnd) {
      if (peek().is('}')) {
        ++next_;
        closed = true;
        return out;
      }
      if (auto one = statement(depth)) out.push_back(std::move(*one));
    }
    return out;
  }

  std::optional<Statement> statement(int depth) {
    const Token key = peek();
    if (key.kind != TokenKind::kWord || !is_key(text_of(key))) {
      refuse(key, found(key) + " stands where a key should", "KEY = VALUE");
      skip_rest_of(key.line);
      return std::nullopt;
    }
    Statement out;
    out.key = text_of(key);
    out.line = key.line;
    out.begin = key.begin;
    ++next_;

    const Token after = peek();
    bool sound = false;
    if (after.is('=')) {
      ++next_;
      sound = value(out);
    } else if (after.is('{') || (after.is_value() && after.line == key.line && peek(1).is('{'))) {
      if (!after.is('{')) {
        out.title = text_of(after);
        if (after.kind == TokenKind::kString) out.title = out.title.substr(1, out.title.size() - 2);
        ++next_;
      }
      ++next_;
      sound = section(out, depth);
    } else {
      if (after.is('(')) {
        report_.fault(file_, key.line,
                      in_quotes(out.key) + " is written like a function, which is not supported",
                      "KEY = VALUE");
      } else if (after.kind != TokenKind::kBroken) {
        report_.fault(file_, key.line, "after " + in_quotes(out.key) + " comes " + found(after),
                      "'='");
      }
      skip_rest_of(key.line);
    }
    if (!sound) return std::nullopt;
    out.end = tokens_[next_ - 1].end;
    return out;
  }

  bool value(Statement& out) {
    const Token first = peek();
    if (first.is_value() && first.line == out.line) {
      ++next_;
      out.values = 1;
      return true;
    }
    if (first.is('{') && first.line == out.line) {
      ++next_;
      out.list = true;
      return list(out);
    }
    if (first.kind != TokenKind::kBroken || first.line != out.line) {
      report_.fault(file_, out.line, in_quotes(out.key) + " has no value",
                    "a value after '=', on its line");
    }
    skip_rest_of(out.line);
    return false;
  }

  bool list(Statement& out) {
    bool wants_value = true;
    int line = out.line;
    while (true) {
      const Token token = peek();
      if (token.is('}')) {
        ++next_;
        return true;
      }
      // KEY = within a list: its brace was forgotten, and that statement is not to be lost.
      const bool unclosed =
          token.kind == TokenKind::kEnd || (token.line != line && peek(1).is('='));
      if (unclosed) {
        report_.fault(file_, out.line, "the list of " + in_quotes(out.key) + " is not closed",
                      "'}' after it");
        return false;
      }
      if (wants_value ? !token.is_value() : !token.is(',')) {
        refuse(token, "the list of " + in_quotes(out.key) + " goes on with " + found(token),
               wants_value ? "a value or '}'" : "',' or '}'");
        skip_rest_of(token.line);
        return false;
      }
      if (wants_value) ++out.values;
      wants_value = !wants_value;
      line = token.line;
      ++next_;
    }
  }

  bool section(Statement& out, int depth) {
    out.section = true;
    if (depth >= kMaxSectionDepth) {
      report_.fault(file_, out.line, "sections are nested too deeply",
                    "at most " + std::to_string(kMaxSectionDepth) + " within one another");
      next_ = tokens_.size() - 1;
      given_up_ = true;
      return false;
    }
    out.inner = block(depth + 1, out.whole);
    if (!out.whole && !given_up_) {
      report_.fault(file_, out.line, "the section " + in_quotes(out.key) + " is not closed",
                    "'}' after it");
    }
    return true;
  }

  const std::string& file_;
  const std::string& text_;
  std::vector<Token> tokens_;
  Report& report_;
  size_t next_ = 0;
  bool given_up_ = false;
};

}  // namespace

Scan scan(const std::string& file, std::string_view text, Report& report) {
  Scan out;
  out.text = text;
  std::vector<Token> tokens = Lexer(file, out.text, report).run();
  ENSURE(!tokens.empty() && tokens.back().kind == TokenKind::kEnd);
  out.statements = Parser(file, out.text, std::move(tokens), report).run();
  return out;
}

}  // namespace cluster::config
