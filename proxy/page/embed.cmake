# Makes one C++ file of the page:  cmake -D SOURCE_DIR=.. -D OUTPUT=page.cc -P embed.cmake
#
# The style and the script take the places of the lines %STYLE% and %SCRIPT% in page.html; their hashes,
# as a browser computes them over the text between the tags, go into the policy.

# base64(<bytes in hexadecimal> <variable>)
function(base64 hex out)
  set(alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  string(APPEND hex "00")  # 33 bytes: a SHA-256 and one more, which is cut off as the padding
  set(text "")
  foreach(i RANGE 0 65 6)
    string(SUBSTRING "${hex}" ${i} 6 three)
    foreach(shift 18 12 6 0)
      math(EXPR place "(0x${three} >> ${shift}) & 63")
      string(SUBSTRING "${alphabet}" ${place} 1 letter)
      string(APPEND text "${letter}")
    endforeach()
  endforeach()
  string(SUBSTRING "${text}" 0 43 text)
  set(${out} "${text}=" PARENT_SCOPE)
endfunction()

function(hash_of text out)
  string(SHA256 hex "${text}")
  base64("${hex}" encoded)
  set(${out} "sha256-${encoded}" PARENT_SCOPE)
endfunction()

# read(<variable> <file>...): as it is, semicolons and all.
function(read out)
  set(all "")
  foreach(file ${ARGN})
    file(READ "${SOURCE_DIR}/${file}" text)
    string(APPEND all "${text}\n")
  endforeach()
  set(${out} "${all}" PARENT_SCOPE)
endfunction()

read(html page.html)
read(style vendor/uplot/uPlot.min.css page.css)
read(script vendor/uplot/uPlot.iife.min.js format.js chart.js feed.js overview.js keys.js lists.js page.js)
hash_of("${style}" style_hash)
hash_of("${script}" script_hash)
string(REPLACE "%STYLE%" "${style}" html "${html}")
string(REPLACE "%SCRIPT%" "${script}" html "${html}")
set(policy "default-src 'none'; script-src '${script_hash}'; style-src '${style_hash}'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")

# A string literal may not be too long: it is cut into pieces, which the compiler joins.
set(literal "")
string(LENGTH "${html}" length)
set(at 0)
while(at LESS length)
  string(SUBSTRING "${html}" ${at} 12000 piece)
  string(APPEND literal "R\"~page~(${piece})~page~\"\n")
  math(EXPR at "${at} + 12000")
endwhile()
file(WRITE "${OUTPUT}" "// Made by embed.cmake.
#include \"proxy/page/page.h\"

namespace keyhole::page {

std::string_view Html() {
  static constexpr std::string_view kHtml =
${literal};
  return kHtml;
}

std::string_view Policy() {
  return R\"~page~(${policy})~page~\";
}

}  // namespace keyhole::page
")
