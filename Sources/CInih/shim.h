/* inih, the parser of INI files. */
#ifndef PINHOLE_CINIH_SHIM_H
#define PINHOLE_CINIH_SHIM_H

#include <ini.h>

#endif
