#include "app/chat/sampling_settings.h"

#include <algorithm>

#include <QJsonArray>
#include <QJsonObject>

namespace quern::app {
namespace {

constexpr const char* randomness = "Randomness";
constexpr const char* surprise = "Creative exclusion (XTC)";
constexpr const char* repetition = "Repetition";
constexpr const char* length = "Length and repeatability";

constexpr std::array<SamplingSetting, sampling_setting_count> rows{{
    {"temperature", randomness, "Temperature",
     "How adventurous the wording is. 0 always takes the likeliest word; above 1 it gets wild.",
     SettingKind::number, 0, 2, 0.05, 0.7, ""},
    {"top_p", randomness, "Top-p",
     "Keeps the likeliest words until together they reach this share. 1 keeps them all.",
     SettingKind::number, 0.01, 1, 0.01, 0.95, ""},
    {"min_p", randomness, "Min-p",
     "Drops words less likely than this fraction of the best one. 0 drops none.",
     SettingKind::number, 0, 1, 0.01, 0, ""},
    {"top_k", randomness, "Top-k",
     "Chooses among this many of the likeliest words. 0 means all of them.", SettingKind::integer,
     0, 1000, 1, 0, "all"},
    {"xtc_probability", surprise, "Chance",
     "How often the most obvious words are left out, for less predictable prose. 0 is off.",
     SettingKind::number, 0, 1, 0.05, 0, "off"},
    {"xtc_threshold", surprise, "Threshold", "How likely a word must be to count as obvious.",
     SettingKind::number, 0, 0.5, 0.01, 0.1, ""},
    {"repetition_penalty", repetition, "Repetition penalty",
     "Makes words that already occurred less likely. 1 is off; 1.1 is a mild dose.",
     SettingKind::number, 0.5, 2, 0.01, 1, "off"},
    {"presence_penalty", repetition, "Presence penalty",
     "A fixed price for every word that occurred at all. 0 is off; below 0 favours them.",
     SettingKind::number, -2, 2, 0.05, 0, "off"},
    {"frequency_penalty", repetition, "Frequency penalty",
     "A price that grows each time a word occurs. 0 is off; below 0 favours them.",
     SettingKind::number, -2, 2, 0.05, 0, "off"},
    {"penalty_window", repetition, "Window",
     "How many of the last tokens the three penalties look at. 0 means all.", SettingKind::integer,
     0, 32768, 32, 256, ""},
    {"max_tokens", length, "Longest answer",
     "Stops an answer after this many tokens. 0: until the model ends it or the context is full.",
     SettingKind::integer, 0, 131072, 64, 0, "no limit"},
    {"seed", length, "Seed",
     "The same seed, settings and words give the same answer. Empty: a fresh one every time.",
     SettingKind::seed, -1, 2147483647, 1, -1, "random"},
}};

}  // namespace

const std::array<SamplingSetting, sampling_setting_count>& samplingSettings() { return rows; }

ChatSettingsValue::ChatSettingsValue() {
  std::transform(rows.begin(), rows.end(), numbers.begin(),
                 [](const auto& row) { return row.initial; });
}

QJsonObject ChatSettingsValue::toJson() const {
  QJsonObject json;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (numbers[i] != rows[i].initial) json.insert(QLatin1String(rows[i].key), numbers[i]);
  }
  if (!system_prompt.isEmpty()) json.insert(QLatin1String("system_prompt"), system_prompt);
  if (!stop.isEmpty()) json.insert(QLatin1String("stop"), QJsonArray::fromStringList(stop));
  return json;
}

ChatSettingsValue ChatSettingsValue::fromJson(const QJsonObject& json) {
  ChatSettingsValue value;
  for (size_t i = 0; i < rows.size(); ++i) {
    const double number = json.value(QLatin1String(rows[i].key)).toDouble(rows[i].initial);
    value.numbers[i] = std::clamp(number, rows[i].minimum, rows[i].maximum);
  }
  value.system_prompt = json.value(QLatin1String("system_prompt")).toString();
  const QJsonArray stop = json.value(QLatin1String("stop")).toArray();
  for (const auto& text : stop) {
    if (!text.toString().isEmpty()) value.stop.append(text.toString());
  }
  return value;
}

}  // namespace quern::app
