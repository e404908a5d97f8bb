#pragma once

#include <array>

#include <QString>
#include <QStringList>

class QJsonObject;

namespace quern::app {

enum class SettingKind { number, integer, seed };

/// One row of the sampling settings: what the sheet shows, what the database stores, what is sent
/// to the model.
struct SamplingSetting {
  const char* key;    ///< stable: the name in the database
  const char* group;  ///< heading it stands under
  const char* title;
  const char* help;  ///< plain language, for people who have not read a paper
  SettingKind kind;
  double minimum;
  double maximum;
  double step;
  double initial;
  const char*
      initial_text;  ///< what the initial value means when that is not the number itself, or ""
};

/// Names the rows of samplingSettings(), in their order.
enum class Sampling {
  temperature,
  top_p,
  min_p,
  top_k,
  xtc_probability,
  xtc_threshold,
  repetition_penalty,
  presence_penalty,
  frequency_penalty,
  penalty_window,
  max_tokens,
  seed,
};

inline constexpr size_t sampling_setting_count = 12;

const std::array<SamplingSetting, sampling_setting_count>& samplingSettings();

/// A chat's system prompt and settings. A value; every number is inside its row's range.
struct ChatSettingsValue {
  ChatSettingsValue();

  std::array<double, sampling_setting_count> numbers;
  QString system_prompt;
  QStringList stop;  ///< texts that end an answer

  double operator[](Sampling row) const { return numbers[static_cast<size_t>(row)]; }

  /// Only what differs from the initial values, so that better initial values reach old chats.
  QJsonObject toJson() const;
  /// Unknown keys are skipped, values out of range clamped.
  static ChatSettingsValue fromJson(const QJsonObject& json);

  bool operator==(const ChatSettingsValue&) const = default;
};

}  // namespace quern::app
