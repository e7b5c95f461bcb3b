// SPDX-License-Identifier: Apache-2.0
#include "ctomlplusplus.h"

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES CTOML_MAXIMUM_DEPTH

// toml++ 3.3 asserts some things that a wrong text breaks, such as `[.]`: that must not end the process, nor be taken
// for true. With NDEBUG it would be.
#undef NDEBUG
namespace {
struct broken_assertion {};
[[noreturn]] void break_assertion()
{
    throw broken_assertion{};
}
} // namespace
#define TOML_ASSERT(condition) ((condition) ? void() : break_assertion())
#include <toml++/toml.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

struct ctoml_document {
    toml::table root;
    std::vector<ctoml_item> items;
    bool failed = false;
    std::string message;
    ctoml_failure failure{};

    void fail(std::string_view reason, ctoml_position position)
    {
        items.clear();
        failed = true;
        message = reason;
        failure = { position, { message.data(), message.size() } };
    }
};

namespace {

ctoml_position position(const toml::source_position &place)
{
    return { place.line, place.column };
}

ctoml_text text(std::string_view view)
{
    return { view.data(), view.size() };
}

// toml++ bounds the nesting of values but not of dotted keys, and takes its tables down recursively: one line of
// 64 KiB overflows the stack. A dotted key never spans lines; dots in a row are no key.
bool has_endless_key(std::string_view source, ctoml_position &where)
{
    uint32_t line = 1;
    size_t dots = 0;
    char before = 0;
    for (char character : source) {
        if (character == '\n') {
            line++;
            dots = 0;
        } else if (character == '.' && before != '.' && ++dots > CTOML_MAXIMUM_DOTS) {
            where = { line, 1 };
            return true;
        }
        if (character != ' ' && character != '\t')
            before = character;
    }
    return false;
}

// False when the tree is deeper than the bound.
bool flatten(const toml::node &node, const toml::key *key, size_t depth, std::vector<ctoml_item> &items)
{
    if (depth > CTOML_MAXIMUM_DEPTH)
        return false;
    ctoml_item item{};
    item.position = position(node.source().begin);
    if (key) {
        item.key = text(key->str());
        item.key_position = position(key->source().begin);
    }
    if (const auto *table = node.as_table()) {
        item.kind = CTOML_TABLE;
        item.children = table->size();
        items.push_back(item);
        // A table sorts by key; errors read better in the order of the text.
        std::vector<std::pair<const toml::key *, const toml::node *>> children;
        for (auto &&[child_key, child] : *table)
            children.emplace_back(&child_key, &child);
        std::stable_sort(children.begin(), children.end(), [](const auto &left, const auto &right) {
            const auto &a = left.first->source().begin, &b = right.first->source().begin;
            return a.line != b.line ? a.line < b.line : a.column < b.column;
        });
        for (const auto &[child_key, child] : children)
            if (!flatten(*child, child_key, depth + 1, items))
                return false;
        return true;
    }
    if (const auto *array = node.as_array()) {
        item.kind = CTOML_ARRAY;
        item.children = array->size();
        items.push_back(item);
        for (const auto &child : *array)
            if (!flatten(child, nullptr, depth + 1, items))
                return false;
        return true;
    }
    if (const auto *string = node.as_string()) {
        item.kind = CTOML_STRING;
        item.string = text(string->get());
    } else if (const auto *integer = node.as_integer()) {
        item.kind = CTOML_INTEGER;
        item.integer = integer->get();
    } else if (const auto *real = node.as_floating_point()) {
        item.kind = CTOML_FLOAT;
        item.real = real->get();
    } else if (const auto *truth = node.as_boolean()) {
        item.kind = CTOML_BOOLEAN;
        item.truth = truth->get();
    } else {
        item.kind = CTOML_DATE_OR_TIME;
    }
    items.push_back(item);
    return true;
}

bool breaks_assertion(std::string_view source)
try {
    (void)toml::parse(source);
    return false;
} catch (const broken_assertion &) {
    return true;
}

bool continues_character(char byte)
{
    return (byte & 0xC0) == 0x80;
}

// A broken assertion has no place, but as the parser goes through the text from its start, the shortest beginning that
// breaks one ends there.
ctoml_position place_of_broken_assertion(std::string_view source)
{
    size_t good = 0, bad = source.size();
    while (good + 1 < bad) {
        size_t middle = good + (bad - good) / 2;
        while (middle < bad && continues_character(source[middle]))
            middle++;
        if (middle == bad)
            break;
        (breaks_assertion(source.substr(0, middle)) ? bad : good) = middle;
    }
    ctoml_position place{ 1, 0 };
    for (char byte : source.substr(0, bad)) {
        if (byte == '\n')
            place = { place.line + 1, 0 };
        else if (!continues_character(byte))
            place.column++;
    }
    return place;
}

void parse(std::string_view source, ctoml_document &document)
try {
    auto result = toml::parse(source);
    if (!result) {
        document.fail(result.error().description(), position(result.error().source().begin));
        return;
    }
    document.root = std::move(result).table();
    if (!flatten(document.root, nullptr, 0, document.items))
        document.fail("tables and lists are nested too deeply", { 1, 1 });
} catch (const broken_assertion &) {
    document.fail("unexpected character", place_of_broken_assertion(source));
}

} // namespace

extern "C" ctoml_document *ctoml_parse(const char *bytes, size_t length)
try {
    auto document = std::make_unique<ctoml_document>();
    const auto source = std::string_view(bytes ? bytes : "", bytes ? length : 0);
    ctoml_position where{ 1, 1 };
    if (source.size() > CTOML_MAXIMUM_LENGTH) {
        document->fail("the text is too long", where);
    } else if (has_endless_key(source, where)) {
        document->fail("the line holds too many dots", where);
    } else {
        parse(source, *document);
    }
    return document.release();
} catch (...) {
    return nullptr;
}

extern "C" const ctoml_item *ctoml_items(const ctoml_document *document, size_t *count)
{
    *count = document->items.size();
    return document->items.data();
}

extern "C" const ctoml_failure *ctoml_failure_of(const ctoml_document *document)
{
    return document->failed ? &document->failure : nullptr;
}

extern "C" void ctoml_free(ctoml_document *document)
{
    delete document;
}
