#include "app/markdown/code_languages.h"

#include <iterator>

#include <QHash>

namespace quern::app {
namespace {

struct Row {
  const char* names;
  const char* keywords;
  const char* line_comments;
  const char* comment_begin;
  const char* comment_end;
  const char* quotes;
  bool triple_quotes;
  bool ignores_case;
};

constexpr Row rows[] = {
    {"python py python3 ipython",
     "False None True and as assert async await break case class continue def del elif else except "
     "finally for from "
     "global if import in is lambda match nonlocal not or pass raise return try while with yield "
     "self",
     "#", "", "", "\"'", true, false},
    {"c cpp c++ cc cxx h hpp objc cuda glsl",
     "alignas auto bool break case catch char class concept const constexpr continue co_await "
     "co_return co_yield default "
     "delete do double else enum explicit extern false final float for friend if inline int long "
     "mutable namespace new "
     "noexcept nullptr operator override private protected public requires return short signed "
     "sizeof static "
     "static_cast struct switch template this throw true try typedef typename union unsigned using "
     "virtual void "
     "volatile while size_t include define ifdef ifndef endif pragma",
     "//", "/*", "*/", "\"'", false, false},
    {"java kotlin kt scala csharp cs c# swift dart groovy",
     "abstract actor as async await base bool boolean break byte case catch char class const "
     "continue default do double "
     "else enum extends extension false final finally float for foreach fun func guard if "
     "implements import in init "
     "int interface internal is let long namespace new nil null object open operator out override "
     "package private "
     "protected protocol public record return sealed self static string struct super switch this "
     "throw throws true try "
     "typealias using val var virtual void when where while yield",
     "//", "/*", "*/", "\"'", true, false},
    {"javascript js jsx typescript ts tsx node qml",
     "abstract any as async await boolean break case catch class const continue debugger default "
     "delete do else enum "
     "export extends false finally for from function if implements import in instanceof interface "
     "keyof let new null "
     "number of private property protected public readonly required return signal static string "
     "super switch this "
     "throw true try type typeof undefined var void while with yield",
     "//", "/*", "*/", "\"'`", false, false},
    {"rust rs",
     "as async await bool break const continue crate dyn else enum extern f32 f64 false fn for i32 "
     "i64 if impl in let "
     "loop match mod move mut pub ref return self Self static str struct super trait true type u8 "
     "u32 u64 unsafe use "
     "usize where while Some None Ok Err Box Vec String Option Result",
     "//", "/*", "*/", "\"", false, false},
    {"go golang",
     "break case chan const continue default defer else fallthrough false for func go goto if "
     "import interface iota "
     "map nil package range return select struct switch true type var string int bool error byte "
     "float64 make len",
     "//", "/*", "*/", "\"'`", false, false},
    {"bash sh shell zsh console fish dockerfile makefile make cmake",
     "if then else elif fi for while until do done case esac function in return local export echo "
     "cd exit set sudo "
     "FROM RUN COPY WORKDIR CMD ENTRYPOINT ENV endif endfunction foreach",
     "#", "", "", "\"'", false, false},
    {"sql sqlite postgres mysql",
     "select from where group by order having limit offset insert into values update set delete "
     "create table index "
     "view drop alter add column primary key foreign references unique not null default join inner "
     "left right outer "
     "on as and or in is like between exists union all distinct case when then else end with count "
     "sum avg min max",
     "--", "/*", "*/", "'\"", false, true},
    {"json jsonc json5 jsonl", "true false null", "//", "/*", "*/", "\"", false, false},
    {"yaml yml toml ini conf properties", "true false null yes no on off", "#", "", "", "\"'",
     false, true},
    {"html xml svg vue svelte",
     "html head body div span script style link meta title a p ul li h1 h2 h3 table tr td img", "",
     "<!--", "-->", "\"'", false, true},
    {"css scss less", "important media import from to", "", "/*", "*/", "\"'", false, false},
    {"lua",
     "and break do else elseif end false for function if in local nil not or repeat return then "
     "true until while",
     "--", "", "", "\"'", false, false},
    {"ruby rb",
     "alias and begin break case class def do else elsif end ensure false for if in module next "
     "nil not or "
     "rescue return self super then true unless until when while yield require puts attr_accessor",
     "#", "", "", "\"'", false, false},
    {"php",
     "abstract array as break case catch class const continue default do echo else elseif extends "
     "false final fn "
     "for foreach function if implements interface match namespace new null private protected "
     "public return static "
     "switch this throw true try use var while",
     "// #", "/*", "*/", "\"'", false, false},
    {"r julia jl matlab octave",
     "break else end for function global if in let local next repeat return using import struct "
     "mutable while TRUE "
     "FALSE NULL true false nothing",
     "# %", "", "", "\"", false, false},
    {"haskell hs ocaml ml elm",
     "as case class data deriving do else if import in infix instance let module newtype of then "
     "type where with match "
     "fun rec open",
     "--", "{-", "-}", "\"", false, false},
    {"", "", "", "", "", "\"", false, false},
};

QStringList words(const char* text) {
  return QString::fromLatin1(text).split(u' ', Qt::SkipEmptyParts);
}

QHash<QString, CodeLanguage> table() {
  QHash<QString, CodeLanguage> languages;
  for (const Row& row : rows) {
    CodeLanguage language;
    const QStringList keywords = words(row.keywords);
    language.keywords = {keywords.begin(), keywords.end()};
    language.line_comments = words(row.line_comments);
    language.comment_begin = QLatin1String(row.comment_begin);
    language.comment_end = QLatin1String(row.comment_end);
    language.quotes = QLatin1String(row.quotes);
    language.triple_quotes = row.triple_quotes;
    language.ignores_case = row.ignores_case;
    const QStringList names = words(row.names);
    for (const QString& name : names) languages.insert(name, language);
    if (names.isEmpty()) languages.insert(QString(), language);
  }
  return languages;
}

}  // namespace

const CodeLanguage& codeLanguage(const QString& name) {
  static const QHash<QString, CodeLanguage> languages = table();
  const auto found = languages.constFind(name.toLower());
  return found == languages.constEnd() ? *languages.constFind(QString()) : *found;
}

}  // namespace quern::app
