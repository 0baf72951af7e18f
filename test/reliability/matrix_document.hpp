// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_MATRIX_DOCUMENT_HPP
#define POSTMARK_TEST_MATRIX_DOCUMENT_HPP

#include <set>
#include <string>

// The matrix in the documents. Each function ends the program if a file does not have the expected form.
namespace postmark::test {

/// Puts the table into its place in a document.
void write_matrix(std::string const& path, std::string const& table);

/// Whether the document has this table already.
[[nodiscard]] bool has_matrix(std::string const& path, std::string const& table);

/// The actions that the description of the sandbox has a row for: those of its table of what is done.
[[nodiscard]] std::set<std::string> described_actions(std::string const& path);

} // namespace postmark::test

#endif
