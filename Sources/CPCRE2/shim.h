// PCRE2 for UTF-8 text: pcre2.h needs the width of a code unit before it is included.
#pragma once
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
