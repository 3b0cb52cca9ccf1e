# Puts a page's styles, scripts and licences into it and writes it as C++, a string view called NAME:
#   cmake -DPAGE=page.html -DLICENSE=FILE -DSTYLES=a.css,b.css -DSCRIPTS=a.js,b.js -DNAME=kPage -DOUTPUT=page.cc -P …
# The page's policy lets these very styles and scripts run, known by their hashes, and nothing else.

# The base64 of a hash, as policies write it: two characters for three hexadecimal digits, and padding.
function(to_base64 hex result)
  set(alphabet ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
  set(text "")
  foreach(at RANGE 0 63 3)
    string(SUBSTRING "${hex}00" ${at} 3 digits)
    math(EXPR high "0x${digits} >> 6")
    math(EXPR low "0x${digits} & 63")
    string(SUBSTRING ${alphabet} ${high} 1 first)
    string(SUBSTRING ${alphabet} ${low} 1 second)
    string(APPEND text ${first}${second})
  endforeach()
  string(SUBSTRING ${text} 0 43 text)
  set(${result} ${text}= PARENT_SCOPE)
endfunction()

# Files as elements <tag>…</tag>, one after the other, with the sources that a policy lists for them.
function(embed tag files elements sources)
  set(all "")
  set(hashes "")
  string(REPLACE "," ";" files "${files}")
  foreach(file IN LISTS files)
    file(READ ${file} text)
    string(SHA256 hex "${text}")
    to_base64(${hex} hash)
    string(APPEND all "<${tag}>${text}</${tag}>\n")
    string(APPEND hashes " 'sha256-${hash}'")
  endforeach()
  set(${elements} "${all}" PARENT_SCOPE)
  set(${sources} "${hashes}" PARENT_SCOPE)
endfunction()

file(READ ${PAGE} page)
file(READ ${LICENSE} license)
embed(style "${STYLES}" styles style_sources)
embed(script "${SCRIPTS}" scripts script_sources)
foreach(part license style_sources script_sources styles scripts)
  string(REPLACE "{{${part}}}" "${${part}}" page "${page}")
endforeach()
file(WRITE ${OUTPUT} "#include <string_view>\n\nnamespace elman::cli {\n\nextern const std::string_view ${NAME};\n"
  "const std::string_view ${NAME} = R\"embedded(${page})embedded\";\n\n}  // namespace elman::cli\n")
