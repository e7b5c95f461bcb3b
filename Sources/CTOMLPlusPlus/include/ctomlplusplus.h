// SPDX-License-Identifier: Apache-2.0
// toml++ behind plain C: a text becomes a flat list of items, or one syntax error. No exception leaves this border.
#ifndef CTOMLPLUSPLUS_H
#define CTOMLPLUSPLUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What ctoml_parse takes at most: bytes of text, levels of tables and lists in each other, dots in one line.
#define CTOML_MAXIMUM_LENGTH 65536
#define CTOML_MAXIMUM_DEPTH 16
#define CTOML_MAXIMUM_DOTS 64

typedef struct ctoml_document ctoml_document;

typedef enum {
    CTOML_TABLE,
    CTOML_ARRAY,
    CTOML_STRING,
    CTOML_INTEGER,
    CTOML_FLOAT,
    CTOML_BOOLEAN,
    CTOML_DATE_OR_TIME,
} ctoml_kind;

// Both count from 1. A column counts Unicode code points, not bytes; a tab is one.
typedef struct {
    uint32_t line;
    uint32_t column;
} ctoml_position;

// UTF-8, not terminated, may hold NUL. Lives as long as its document.
typedef struct {
    const char *bytes;
    size_t length;
} ctoml_text;

typedef struct {
    ctoml_kind kind;
    ctoml_position position;
    // Empty for the root and for the elements of a list.
    ctoml_text key;
    ctoml_position key_position;
    // Of a table or list: how many items belong directly to it. They follow it, each with its own children.
    size_t children;
    ctoml_text string;
    int64_t integer;
    double real;
    bool truth;
} ctoml_item;

typedef struct {
    ctoml_position position;
    // As toml++ words it; may quote the file's text.
    ctoml_text message;
} ctoml_failure;

// NULL when memory runs out; a wrong text gives a document with a failure.
ctoml_document *ctoml_parse(const char *bytes, size_t length);

// The items in the order of the text, the root table first; none after a failure.
const ctoml_item *ctoml_items(const ctoml_document *document, size_t *count);

// NULL when the text was right.
const ctoml_failure *ctoml_failure_of(const ctoml_document *document);

void ctoml_free(ctoml_document *document);

#ifdef __cplusplus
}
#endif

#endif
