# scdoc begins a paragraph where none follows, which mandoc -Tlint warns of.
function put(line) { print line; last = line }
/^\.PP?$/ { pending = $0; next }
{
    if (pending && $0 !~ /^\.(SH|SS|RE|P)/ && last !~ /^\.(TH|SH|SS)/) put(pending)
    pending = ""
    put($0)
}
