package urls

// Ways are the statements that find what a URL leads to, by a word for each.
var Ways = map[string]string{"origin": byOrigin, "code": byCode, "path": byPath}
