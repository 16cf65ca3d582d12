/** Models of one or two operators, written by onnx's `helper.make_model`, for what no exported bundle does. */

const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'))

/** `numbers` double (N, 2) is `probabilities`; `label` is its ArgMax, int64. */
export const INT64_LABEL = bytesOf(
  'CAo6swEKIgoHbnVtYmVycxINcHJvYmFiaWxpdGllcyIISWRlbnRpdHkKNgoHbnVtYmVycxIFbGFiZWwiBkFyZ01heCoLCgRheGlzGAGgAQIqDwoIa2VlcGRpbXMYAKABAhIBZ1oaCgdudW1iZXJzEg8KDQgLEgkKAxIBTgoCCAJiFAoFbGFiZWwSCwoJCAcSBQoDEgFOYiAKDXByb2JhYmlsaXRpZXMSDwoNCAsSCQoDEgFOCgIIAkIECgAQFQ==',
)

/** A classifier's ZipMap, whose output is a sequence of maps. */
export const ZIP_MAP = bytesOf(
  'CAo6iwEKSQoHbnVtYmVycxINcHJvYmFiaWxpdGllcyIGWmlwTWFwKhsKEmNsYXNzbGFiZWxzX2ludDY0c0AAQAGgAQc6CmFpLm9ubngubWwSAWdaGgoHbnVtYmVycxIPCg0IARIJCgMSAU4KAggCYh8KDXByb2JhYmlsaXRpZXMSDiIMCgoqCAgHEgQKAggBQgQKABAVQg4KCmFpLm9ubngubWwQBQ==',
)

/** `numbers` double (N, 1) twice is `probabilities`; `label` int32. */
export const ECHO = bytesOf(
  'CAo65gEKNgoHbnVtYmVycwoHbnVtYmVycxINcHJvYmFiaWxpdGllcyIGQ29uY2F0KgsKBGF4aXMYAaABAgo4Cg1wcm9iYWJpbGl0aWVzEgFsIgZBcmdNYXgqCwoEYXhpcxgBoAECKg8KCGtlZXBkaW1zGACgAQIKGwoBbBIFbGFiZWwiBENhc3QqCQoCdG8YBqABAhIBZ1oaCgdudW1iZXJzEg8KDQgLEgkKAxIBTgoCCAFiFAoFbGFiZWwSCwoJCAYSBQoDEgFOYiAKDXByb2JhYmlsaXRpZXMSDwoNCAsSCQoDEgFOCgIIAkIECgAQFQ==',
)

/** As ECHO, but it gathers column 5, which there is not: it loads, and fails when it runs. */
export const FAILS_WHEN_RUN = bytesOf(
  'CAo6kgIKJwoHbnVtYmVycwoEZml2ZRIBeCIGR2F0aGVyKgsKBGF4aXMYAaABAgoqCgF4CgF4Eg1wcm9iYWJpbGl0aWVzIgZDb25jYXQqCwoEYXhpcxgBoAECCjgKDXByb2JhYmlsaXRpZXMSAWwiBkFyZ01heCoLCgRheGlzGAGgAQIqDwoIa2VlcGRpbXMYAKABAgobCgFsEgVsYWJlbCIEQ2FzdCoJCgJ0bxgGoAECEgFnKg0IARAHOgEFQgRmaXZlWhoKB251bWJlcnMSDwoNCAsSCQoDEgFOCgIIAWIUCgVsYWJlbBILCgkIBhIFCgMSAU5iIAoNcHJvYmFiaWxpdGllcxIPCg0ICxIJCgMSAU4KAggCQgQKABAV',
)
