import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The page, what it asks for, and the metrics.
func makeRouter(_ hub: Hub, _ control: ControlProgram, _ access: Access) -> Router<BasicRequestContext> {
  let router = Router(context: BasicRequestContext.self)
  router.add(middleware: AccessMiddleware(access: access))
  router.get("/") { _, _ in
    let page = String(decoding: PackageResources.index_html, as: UTF8.self)
    return answer("text/html; charset=utf-8", page.replacing("@TOKEN@", with: access.token))
  }
  router.get("/view.js") { _, _ in
    answer("text/javascript; charset=utf-8", String(decoding: PackageResources.view_js, as: UTF8.self))
  }
  router.get("/style.css") { _, _ in
    answer("text/css; charset=utf-8", String(decoding: PackageResources.style_css, as: UTF8.self))
  }
  router.get("/flows/:id") { _, context in
    guard let line = await hub.line(of: try context.parameters.require("id")) else {
      throw HTTPError(.notFound, message: "no such flow: it has ended")
    }
    return answer("application/json", line)
  }
  router.get("/flows.svg") { _, _ in answer("image/svg+xml", try await control.output("flows", "--svg")) }
  router.get("/metrics") { _, _ in
    answer(
      "application/openmetrics-text; version=1.0.0; charset=utf-8", try await control.output("status", "--openmetrics"))
  }
  router.get("/events") { _, _ in
    let messages = await hub.subscribe()
    return Response(
      status: .ok, headers: [.contentType: "text/event-stream"],
      body: ResponseBody { writer in
        for await message in messages { try await writer.write(ByteBuffer(string: message.text)) }
        try await writer.finish(nil)
      })
  }
  return router
}

private func answer(_ type: String, _ text: String) -> Response {
  Response(status: .ok, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
}
