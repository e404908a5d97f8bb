#pragma once

#include <string>

namespace quern::models {

enum class UnicodeForm { nfc, nfd, nfkc, nfkd };

/// Brings valid UTF-8 into a Unicode normalisation form (UAX 15).
void normalize_form(UnicodeForm form, std::string& text);

/// Removes what NFD leaves of accents: all characters of general category Mn.
void strip_accents(std::string& text);

/// Full lower-case mapping of every character by itself (no final sigma).
void lowercase(std::string& text);

}  // namespace quern::models
