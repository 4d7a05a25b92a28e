[+ AutoGen5 template h +]
[+ # SPDX-License-Identifier: MIT
   # An enumeration and tables of strings, for AutoGen; values.awk prints what goes into them.
+]
enum options {
[+ FOR option +]    [+ (string-upcase! (get "name")) +] = [+
    (* 3 (string->number (get "number"))) +],
[+ ENDFOR +]};
[+ FOR group +]
/* [+ name +]: [+ (count "member") +] */
static const char *const [+ name +][] = {
[+ FOR member +]    "[+ (string-substitute (get "text") "a" "e") +]", /* [+
    (sprintf "%04d" (string->number (get "weight"))) +] */
[+ ENDFOR +]};
[+ ENDFOR +]
