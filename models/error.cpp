#include "models/error.h"
