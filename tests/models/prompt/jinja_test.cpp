#include "models/prompt/jinja.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/fixtures.h"
#include "tests/models/prompt/jinja_cases.h"

namespace quern::models {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;
using testing::StartsWith;

std::string render(const std::string& source, const ordered_json& variables = nullptr) {
  return JinjaTemplate::parse(source).render(variables, tests::at_fixed_time());
}

/// The text of the error that the template raises; empty when it does not.
std::string error_of(const std::string& source, const ordered_json& variables = nullptr) {
  try {
    render(source, variables);
  } catch (const TemplateError& error) {
    return error.what();
  }
  return "";
}

TEST(Jinja, GivesWhatJinja2GivesForPublishedTemplates) {
  QUERN_NEEDS_FIXTURES("templates");
  const auto folder = tests::fixtures_folder() / "templates";
  const auto cases = ordered_json::parse(tests::read_text(folder / "golden.json"));
  for (const auto& entry : cases) {
    const std::string name = entry["template"], which = entry["case"];
    SCOPED_TRACE(name + ", case " + which);
    const auto given = tests::render_or_error(tests::read_text(folder / name), entry["variables"]);
    if (entry.contains("expected")) {
      EXPECT_EQ(given, entry["expected"].get<std::string>());
    } else {
      EXPECT_THAT(given, StartsWith("ERROR: "));
    }
  }
}

/// tests/data/jinja/cases.json: small templates with the output of Jinja2 itself, or its error.
TEST(Jinja, GivesWhatJinja2GivesForEveryFeature) {
  const auto path = tests::data_folder() / "jinja" / "cases.json";
  const auto cases = ordered_json::parse(tests::read_text(path));
  EXPECT_GE(cases.size(), 150u);
  for (const auto& entry : cases) {
    const std::string source = entry["template"];
    SCOPED_TRACE(source);
    const auto given = tests::render_or_error(source, entry["variables"]);
    if (entry.contains("expected")) {
      EXPECT_EQ(given, entry["expected"].get<std::string>());
    } else {
      EXPECT_THAT(given, StartsWith("ERROR: ")) << "Jinja2 raises " << entry["error"];
    }
  }
}

TEST(Jinja, AnErrorNamesTheLine) {
  EXPECT_THAT(error_of("one\n{{ 1 + }}"), StartsWith("[template] line 2: "));
  EXPECT_THAT(error_of("{% if x %}\n\n"), HasSubstr("endif"));
  EXPECT_THAT(error_of("\n\n{{ missing.name }}"),
              testing::StrEq("[template] line 3: 'missing' is undefined"));
  EXPECT_THAT(error_of("{% macro m() %}\n\n{% endmacro %}\n{{ m() }}{{ 1 // 0 }}"),
              StartsWith("[template] line 4: "));
}

TEST(Jinja, WhatATemplateRaisesStandsInTheError) {
  EXPECT_THAT(error_of("{{ raise_exception('Roles must {alternate}: ' ~ 3) }}"),
              HasSubstr("Roles must {alternate}: 3"));
}

TEST(Jinja, TagsThatNeedOtherFilesAreRefusedByName) {
  EXPECT_THAT(error_of("{% include 'x' %}"), HasSubstr("'include' is not supported"));
  EXPECT_THAT(error_of("{% extends 'x' %}"), HasSubstr("'extends' is not supported"));
  EXPECT_THAT(error_of("{% nonsense %}"), HasSubstr("'nonsense' is unknown"));
}

TEST(Jinja, AGenerationBlockRendersItsBody) {
  EXPECT_EQ(render("{% generation %}{{ 'a' }}{% endgeneration %}!"), "a!");
}

TEST(Jinja, DoAndMutationChangeLists) {
  EXPECT_EQ(render("{% set l = [1] %}{% do l.append(2) %}{% do l.insert(0, 0) %}{{ l }}"),
            "[0, 1, 2]");
  EXPECT_EQ(render("{% set d = {} %}{% do d.update(a=1) %}{{ d.setdefault('b', 2) }}{{ d }}"),
            "2{'a': 1, 'b': 2}");
}

TEST(Jinja, VariablesAreLeftAsTheyWere) {
  const ordered_json variables{{"l", {1, 2}}};
  const auto parsed = JinjaTemplate::parse("{{ l.pop() }}{{ l }}");
  EXPECT_EQ(parsed.render(variables), "2[1]");
  EXPECT_EQ(parsed.render(variables), "2[1]");
}

TEST(Jinja, VariablesMustBeAnObject) {
  EXPECT_THROW(JinjaTemplate::parse("x").render(ordered_json::array()), TemplateError);
  EXPECT_EQ(render("x"), "x");
}

TEST(Jinja, StrftimeNowUsesTheGivenTime) {
  EXPECT_EQ(render("{{ strftime_now('%Y-%m-%d %H:%M:%S|%d %b %Y|%A %B %j %p %I %y %e %-d') }}"),
            "2026-03-14 15:09:26|14 Mar 2026|Saturday March 073 PM 03 26 14 14");
  EXPECT_EQ(render("{{ strftime_now('%U %W %V %G %u %w %% %q') }}"), "10 10 11 2026 6 6 % %q");
  EXPECT_EQ(JinjaTemplate::parse("{{ strftime_now('%Y')|int > 2023 }}").render(nullptr), "True");
}

TEST(Jinja, ReadsNamesTheVariablesOfAnExpression) {
  const auto parsed = JinjaTemplate::parse(
      "{% set a = tools %}{% for m in messages %}{{ m.content }}{% endfor %}"
      "{% macro f(x) %}{{ enable_thinking }}{% endmacro %}");
  EXPECT_TRUE(parsed.reads("tools"));
  EXPECT_TRUE(parsed.reads("messages"));
  EXPECT_TRUE(parsed.reads("enable_thinking"));
  EXPECT_FALSE(parsed.reads("content"));
  EXPECT_FALSE(parsed.reads("a"));
}

TEST(Jinja, ATemplateThatRunsAwayIsStopped) {
  const std::string many = "range(100000)";
  for (const std::string& source : std::vector<std::string>{
           "{% for i in " + many + " %}{% for j in " + many + " %}{% endfor %}{% endfor %}",
           "{% for i in range(10**9) %}{% endfor %}",
           "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
           "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
           "{{ 'x' * 10**9 }}",
           "{{ 'x'.center(10**12) }}",
           "{{ [1] * 10**9 }}",
           "{{ '%999999999d' % 1 }}",
           "{{ '{:>999999999}'.format(1) }}",
           "{{ 'x'|indent(10**10) }}",
           "{{ [1]|batch(10**10, 0)|list }}",
           "{{ [1]|slice(10**10)|list }}",
           "{% set ns = namespace(s='x' * 1000) %}{% for i in range(100) %}"
           "{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
           "{% for i in " + many + " %}{{ 'x' * 1000000 }}{% endfor %}",
           "{% set ns = namespace(l=[]) %}{% for i in " + many +
               " %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
           "{% set l = [] %}{% do l.append(l) %}{{ l }}",
           "{% set a = " + many + "|list %}{% set b = " + many +
               "|list %}{% for i in a %}{% if a == b or a < b %}{% endif %}{% endfor %}",
           "{% set s = 'x' * 6000000 %}{% set t = s ~ '' %}{% for i in " + many +
               " %}{% if s == t %}{% endif %}{% endfor %}",
           "{% set s = 'x' * 6000000 %}{% set l = [] %}{% for i in " + many +
               " %}{% do l.append(s ~ i) %}{% endfor %}",
           "{{ ('%s' * 1000) % (('x' * 10000000,) * 1000) }}",
           "{{ ('{0}' * 1000).format('x' * 10000000) }}",
           "{% set s = 'x' * 40000000 %}{{ s ~ s }}",
           "{{ ['\\x01' * 20000000]|tojson }}",
           "{{ ('a ' * 5000000).split() }}",
           "{{ ('a' * 5000000)|list }}",
           "{{ ('a' * 1000000).replace('', 'b' * 1000) }}",
           "{{ [1, 2]|tojson(indent=10**9) }}",
           "{% set x %}{% for i in " + many + " %}" + std::string(5000, 'x') +
               "{% endfor %}{% endset %}",
           "{% set l = [] %}{% for i in " + many + " %}{% set x %}" + std::string(1 << 20, 'x') +
               "{% endset %}{% do l.append(x ~ i) %}{% endfor %}",
           "{% macro m(n) %}{% if n > 0 %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ "
           "m(60) }}",
           "{% set l = [] %}{% do l.append(l) %}{{ l|tojson }}",
           "{% set ns = namespace(l=[]) %}{% for i in range(190) %}{% set ns.l = [ns.l, ns.l] %}{% "
           "endfor %}{{ ns.l }}",
           "{% set ns = namespace(a=[], b=[]) %}{% for i in range(190) %}{% set ns.a = [ns.a, "
           "ns.a] %}"
           "{% set ns.b = [ns.b, ns.b] %}{% endfor %}{{ ns.a == ns.b }}",
       }) {
    SCOPED_TRACE(source);
    EXPECT_THAT(error_of(source), StartsWith("[template] line 1: "));
  }
}

TEST(Jinja, ALongConversationStaysWithinTheBounds) {
  ordered_json messages = ordered_json::array();
  for (int i = 0; i < 2000; ++i) {
    messages.push_back(
        {{"role", i % 2 ? "assistant" : "user"}, {"content", std::string(4000, 'w')}});
  }
  const std::string rendered =
      JinjaTemplate::parse(
          "{% set ns = namespace(last=0) %}{% for m in messages[::-1] %}{% if m.role == 'user' and "
          "ns.last == 0 %}{% set ns.last = messages|length - 1 - loop.index0 %}{% endif %}{% "
          "endfor "
          "%}{% for m in messages %}{% if '</think>' in m.content %}{% set content = "
          "m.content.split('</think>')[-1].lstrip('\\n') %}{% else %}{% set content = "
          "m.content|trim %}{% endif %}{{ '<|im_start|>' + m.role + '\\n' + content + "
          "'<|im_end|>\\n' }}{% if loop.index0 > ns.last %}{{ m|tojson }}{% endif %}{% endfor %}")
          .render({{"messages", messages}});
  EXPECT_GT(rendered.size(), 8'000'000u);
}

/// An expression: `before`, then `part` very many times, then as many times `closing`.
std::string chain(const char* before, std::string_view part, std::string_view closing = "") {
  std::string out = "{{ ";
  out += before;
  for (int i = 0; i < 100000; ++i) out += part;
  for (int i = 0; i < 100000; ++i) out += closing;
  return out + " }}";
}

TEST(Jinja, DeepNestingIsAnErrorNotAnOverflow) {
  for (const std::string& source : {
           chain("", "(", ")"),
           chain("", "[", "]"),
           chain("", "{1:", "}"),
           chain("", "not "),
           chain("", "-"),
           chain("1", "+1"),
           chain("1", "**1"),
           chain("x", ".x"),
           chain("x", "|e"),
           chain("x", "[0]"),
           chain("1", " if 1"),
           chain("1", " if 1 else 1"),
           chain("1", " and 1"),
           chain("f", "()"),
           chain("1 }}", "{% if 1 %}"),
       }) {
    EXPECT_THAT(error_of(source), HasSubstr("nested too deeply")) << source.substr(0, 20);
  }

  ordered_json deep = 1;
  for (int i = 0; i < 1000; ++i) deep = ordered_json::array({deep});
  EXPECT_THAT(error_of("{{ deep }}", {{"deep", deep}}), HasSubstr("nested too deeply"));
}

TEST(Jinja, SeveralThreadsRenderAtOnce) {
  const auto parsed = JinjaTemplate::parse(
      "{% for m in messages %}{{ m.content|upper }}{% if not loop.last %}, {% endif %}{% endfor "
      "%}");
  ordered_json variables;
  for (int i = 0; i < 100; ++i) variables["messages"].push_back({{"content", std::to_string(i)}});
  const std::string expected = parsed.render(variables);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) EXPECT_EQ(parsed.render(variables), expected);
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace quern::models
