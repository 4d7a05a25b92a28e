/* SPDX-License-Identifier: MIT */
/* What stands on every page before and after its data. The build makes it (cmake/page.cmake). */
#ifndef TERRIER_COMMAND_PAGE_TEMPLATE_H
#define TERRIER_COMMAND_PAGE_TEMPLATE_H

#include <stddef.h>

struct cmd_page_template {
    const unsigned char *head, *tail;
    size_t head_bytes, tail_bytes; /* 0: there was no library of charts */
};

extern const struct cmd_page_template cmd_page_template;

#endif
