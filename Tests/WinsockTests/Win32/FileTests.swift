import CWinsock
import Foundation
import Testing

@testable import Winsock

private let readWrite = GENERIC_READ | GENERIC_WRITE

private func create(_ path: String, _ access: DWORD, _ disposition: Int32, _ flags: DWORD = 0) -> HANDLE? {
  SetLastError(DWORD(Outcome.untouched))
  return CreateFileA(path, access, 0, nil, DWORD(disposition), flags, nil)
}

/// Microsoft's pages "CreateFileA function", "ReadFile function", "WriteFile function" and those around them.
@Suite struct FileTests {
  @Test("CreateFile's page: the five dispositions, and what the last error says of them")
  func dispositions() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/file"
    #expect(create(path, readWrite, OPEN_EXISTING) == invalidHandle && GetLastError() == ERROR_FILE_NOT_FOUND)
    #expect(create(path, readWrite, TRUNCATE_EXISTING) == invalidHandle && GetLastError() == ERROR_FILE_NOT_FOUND)
    #expect(create(path + "/none/f", readWrite, CREATE_NEW) == invalidHandle && GetLastError() == ERROR_PATH_NOT_FOUND)
    let made = create(path, readWrite, CREATE_NEW)
    var written: DWORD = 0
    #expect(WriteFile(made, "hello", 5, &written, nil) == 1 && written == 5)
    #expect(CloseHandle(made) == 1)
    #expect(create(path, readWrite, CREATE_NEW) == invalidHandle && GetLastError() == ERROR_FILE_EXISTS)
    let opened = create(path, GENERIC_READ, OPEN_ALWAYS)
    #expect(GetLastError() == ERROR_ALREADY_EXISTS)
    var size = LARGE_INTEGER()
    #expect(GetFileSizeEx(opened, &size) == 1 && size.QuadPart == 5)
    CloseHandle(opened)
    #expect(create(path, GENERIC_READ, TRUNCATE_EXISTING) == invalidHandle && GetLastError() == ERROR_INVALID_PARAMETER)
    let again = create(path, readWrite, CREATE_ALWAYS)
    #expect(GetLastError() == ERROR_ALREADY_EXISTS && GetFileSize(again, nil) == 0)
    CloseHandle(again)
    let other = create(path + "2", readWrite, OPEN_ALWAYS)
    #expect(GetLastError() == 0)
    CloseHandle(other)
    #expect(create(path, readWrite, 9) == invalidHandle && GetLastError() == ERROR_INVALID_PARAMETER)
    #expect(CreateFileW(nil, 0, 0, nil, 3, 0, nil) == invalidHandle && GetLastError() == ERROR_PATH_NOT_FOUND)
    #expect(CreateFileW(wide(path), GENERIC_READ, 0, nil, 3, 0, nil) != invalidHandle)
  }

  @Test("ReadFile's page: to the end, where 0 bytes are read; SetFilePointerEx's page")
  func reading() throws {
    let folder = try TemporaryFolder()
    let file = create(folder.path + "/file", readWrite, CREATE_NEW)
    var (count, buffer) = (DWORD(0), [CChar](repeating: 0, count: 16))
    #expect(WriteFile(file, "0123456789", 10, &count, nil) == 1)
    var position = LARGE_INTEGER()
    #expect(SetFilePointerEx(file, LARGE_INTEGER(QuadPart: -4), &position, DWORD(FILE_END)) == 1)
    #expect(position.QuadPart == 6)
    #expect(ReadFile(file, &buffer, 16, &count, nil) == 1 && count == 4 && text(buffer) == "6789")
    #expect(ReadFile(file, &buffer, 16, &count, nil) == 1 && count == 0)
    #expect(SetFilePointer(file, 2, nil, DWORD(FILE_BEGIN)) == 2)
    #expect(SetEndOfFile(file) == 1)
    var high: DWORD = 9
    #expect(GetFileSize(file, &high) == 2 && high == 0)
    var upper: LONG = 1
    #expect(SetFilePointer(file, 5, &upper, DWORD(FILE_BEGIN)) == 5 && upper == 1)
    #expect(fails(ERROR_NEGATIVE_SEEK) { SetFilePointerEx(file, LARGE_INTEGER(QuadPart: -1), nil, 0) })
    #expect(fails(ERROR_INVALID_PARAMETER) { SetFilePointerEx(file, LARGE_INTEGER(), nil, 7) })
    #expect(fails(ERROR_NEGATIVE_SEEK, as: .max) { SetFilePointer(file, -1, nil, 0) })
    #expect(fails(ERROR_INVALID_PARAMETER) { ReadFile(file, &buffer, 1, nil, nil) })
    #expect(fails(ERROR_INVALID_PARAMETER) { GetFileSizeEx(file, nil) })
    #expect(FlushFileBuffers(file) == 1 && GetFileType(file) == DWORD(FILE_TYPE_DISK))
    #expect(fails(ERROR_INVALID_FUNCTION) { DeviceIoControl(file, 1, nil, 0, nil, 0, &count, nil) })
    #expect(CloseHandle(file) == 1)
    let none = CreateEventA(nil, 1, 0, nil)
    #expect(fails(ERROR_INVALID_HANDLE) { ReadFile(none, &buffer, 1, &count, nil) })
    #expect(
      fails(ERROR_INVALID_HANDLE) { FlushFileBuffers(none) } && fails(ERROR_INVALID_HANDLE) { SetEndOfFile(none) })
    #expect(fails(ERROR_INVALID_HANDLE, as: .max) { GetFileSize(none, nil) })
    #expect(fails(ERROR_INVALID_HANDLE, as: 0) { GetFileType(none) })
    CloseHandle(none)
  }

  @Test("CreateFile's page: access, folders, FILE_FLAG_DELETE_ON_CLOSE, Windows' names")
  func kinds() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/file"
    let windows = #"\\?\"# + path.replacingOccurrences(of: "/", with: "\\")
    let file = create(windows, GENERIC_WRITE, CREATE_NEW, FILE_FLAG_DELETE_ON_CLOSE)
    #expect(file != invalidHandle && FileManager.default.fileExists(atPath: path))
    var (count, byte) = (DWORD(0), CChar(0))
    #expect(fails(ERROR_ACCESS_DENIED) { ReadFile(file, &byte, 1, &count, nil) })
    CloseHandle(file)
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(create(folder.path, GENERIC_READ, OPEN_EXISTING) == invalidHandle && GetLastError() == ERROR_ACCESS_DENIED)
    let opened = create(folder.path, 0, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS)
    #expect(opened != invalidHandle)
    CloseHandle(opened)
    let null = create("nul", readWrite, OPEN_EXISTING)
    #expect(GetFileType(null) == DWORD(FILE_TYPE_CHAR) && WriteFile(null, "x", 1, &count, nil) == 1)
    #expect(ReadFile(null, &byte, 1, &count, nil) == 1 && count == 0)
    CloseHandle(null)
    let appended = create(path, 4, CREATE_NEW)
    for _ in 0..<2 { #expect(WriteFile(appended, "ab", 2, &count, nil) == 1) }
    #expect(GetFileSize(appended, nil) == 4)
    CloseHandle(appended)
  }

  @Test("ReadFile's page: an OVERLAPPED says where, and is indicated; ERROR_HANDLE_EOF")
  func overlapped() throws {
    let folder = try TemporaryFolder()
    let file = create(folder.path + "/file", readWrite, CREATE_NEW, FILE_FLAG_OVERLAPPED)
    let event = CreateEventA(nil, 1, 1, nil)
    var (operation, count) = (OVERLAPPED(), DWORD(0))
    operation.hEvent = event
    operation.Offset = 3
    #expect(WriteFile(file, "abc", 3, nil, &operation) == 1)
    #expect(WaitForSingleObject(event, 0) == WAIT_OBJECT_0 && operation.Offset == 3)
    #expect(GetOverlappedResult(file, &operation, &count, 1) == 1 && count == 3)
    var buffer = [CChar](repeating: 9, count: 16)
    operation.Offset = 0
    #expect(
      ReadFile(file, &buffer, 16, &count, &operation) == 1 && count == 6 && buffer[..<6] == [0, 0, 0, 97, 98, 99])
    operation.Offset = 6
    #expect(fails(ERROR_HANDLE_EOF) { ReadFile(file, &buffer, 16, &count, &operation) } && count == 0)
    #expect(fails(ERROR_INVALID_PARAMETER) { ReadFile(file, &buffer, 16, &count, nil) })
    let port = CreateIoCompletionPort(file, nil, 77, 0)
    operation = OVERLAPPED()
    #expect(ReadFile(file, &buffer, 4, nil, &operation) == 1)
    var (key, found): (ULONG_PTR, LPOVERLAPPED?) = (0, nil)
    #expect(GetQueuedCompletionStatus(port, &count, &key, &found, 0) == 1 && count == 4 && key == 77)
    #expect(fails(ERROR_INVALID_PARAMETER, as: nil) { CreateIoCompletionPort(file, port, 78, 0) }, "served already")
    #expect(SetFileCompletionNotificationModes(file, UCHAR(FILE_SKIP_COMPLETION_PORT_ON_SUCCESS)) == 1)
    #expect(ReadFile(file, &buffer, 4, nil, &operation) == 1)
    #expect(fails(Int(WAIT_TIMEOUT)) { GetQueuedCompletionStatus(port, &count, &key, &found, 0) })
    #expect(CancelIo(file) == 1)
    #expect(fails(ERROR_NOT_FOUND) { CancelIoEx(file, nil) })
    for handle in [file, event, port] { CloseHandle(handle) }
  }

  @Test("DeleteFile's, GetFileAttributes', CreateDirectory's and RemoveDirectory's pages")
  func names() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/d"
    #expect(CreateDirectoryA(path, nil) == 1)
    #expect(fails(ERROR_ALREADY_EXISTS) { CreateDirectoryW(wide(path), nil) })
    #expect(fails(ERROR_PATH_NOT_FOUND) { CreateDirectoryA(path + "/x/y", nil) })
    #expect(GetFileAttributesA(path) == DWORD(FILE_ATTRIBUTE_DIRECTORY))
    CloseHandle(create(path + "/f", GENERIC_WRITE, CREATE_NEW, DWORD(FILE_ATTRIBUTE_READONLY)))
    #expect(GetFileAttributesW(wide(path + "/f")) == DWORD(FILE_ATTRIBUTE_READONLY))
    #expect(fails(ERROR_FILE_NOT_FOUND, as: .max) { GetFileAttributesA(path + "/g") })
    #expect(fails(ERROR_PATH_NOT_FOUND, as: .max) { GetFileAttributesA(path + "/g/h") })
    #expect(fails(ERROR_DIR_NOT_EMPTY) { RemoveDirectoryA(path) })
    #expect(fails(ERROR_ACCESS_DENIED) { DeleteFileA(path) }, "a folder")
    #expect(DeleteFileW(wide(path + "/f")) == 1)
    #expect(fails(ERROR_FILE_NOT_FOUND) { DeleteFileA(path + "/f") })
    #expect(RemoveDirectoryW(wide(path)) == 1)
    #expect(fails(ERROR_FILE_NOT_FOUND) { RemoveDirectoryA(path) })
    CloseHandle(create(path, GENERIC_WRITE, CREATE_NEW))
    #expect(GetFileAttributesA(path) == DWORD(FILE_ATTRIBUTE_NORMAL))
  }

  @Test("CreateFile's page: a device that nobody has is ERROR_FILE_NOT_FOUND; SCM and services without one")
  func noDevice() {
    #expect(create(#"\\.\WfpshimNobody"#, readWrite, OPEN_EXISTING) == invalidHandle)
    #expect(GetLastError() == ERROR_FILE_NOT_FOUND)
    #expect(fails(ERROR_FILE_NOT_FOUND) { DeleteFileA(#"\\.\WfpshimNobody"#) })
  }

  @Test("GetStdHandle's page: three handles, the same each time; ReadFile's: ERROR_BROKEN_PIPE")
  func standard() {
    let output = GetStdHandle(DWORD(bitPattern: -11))
    #expect(output != invalidHandle && output == GetStdHandle(DWORD(bitPattern: -11)))
    #expect(GetStdHandle(DWORD(bitPattern: -10)) != output && GetStdHandle(DWORD(bitPattern: -12)) != output)
    #expect(fails(ERROR_INVALID_HANDLE, as: invalidHandle) { GetStdHandle(5) })
    #expect(fails(ERROR_INVALID_HANDLE) { SetStdHandle(5, output) })
    let mine = HANDLE(bitPattern: 0x1234)
    #expect(SetStdHandle(DWORD(bitPattern: -12), mine) == 1 && GetStdHandle(DWORD(bitPattern: -12)) == mine)
    var ends: [Int32] = [0, 0]
    pipe(&ends)
    let reader = HandleTable.open(DescriptorFile(ends[0]))
    #expect(GetFileType(reader) == DWORD(FILE_TYPE_PIPE))
    write(ends[1], "ab", 2)
    var (buffer, count) = ([CChar](repeating: 0, count: 8), DWORD(0))
    #expect(ReadFile(reader, &buffer, 8, &count, nil) == 1 && count == 2)
    close(ends[1])
    #expect(fails(ERROR_BROKEN_PIPE) { ReadFile(reader, &buffer, 8, &count, nil) })
    #expect(fails(ERROR_INVALID_FUNCTION) { SetFilePointerEx(reader, LARGE_INTEGER(), nil, 0) })
    CloseHandle(reader)
  }

  @Test("GetHandleInformation's, SetHandleInformation's and CompareObjectHandles' pages")
  func handles() {
    let null = create("nul", readWrite, OPEN_EXISTING)
    var flags: DWORD = 9
    #expect(GetHandleInformation(null, &flags) == 1 && flags == 0)
    #expect(SetHandleInformation(null, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT) == 1)
    #expect(GetHandleInformation(null, &flags) == 1 && flags == HANDLE_FLAG_INHERIT)
    #expect(fails(ERROR_INVALID_PARAMETER) { SetHandleInformation(null, 8, 0) })
    #expect(fails(ERROR_INVALID_PARAMETER) { GetHandleInformation(null, nil) })
    #expect(fails(ERROR_INVALID_HANDLE) { GetHandleInformation(HANDLE(bitPattern: 0x7fff_0000), &flags) })
    #expect(fails(ERROR_INVALID_HANDLE) { SetHandleInformation(HANDLE(bitPattern: 0x7fff_0000), 1, 0) })
    var second: HANDLE?
    DuplicateHandle(GetCurrentProcess(), null, GetCurrentProcess(), &second, 0, 0, DUPLICATE_SAME_ACCESS)
    #expect(CompareObjectHandles(null, second) == 1)
    let event = CreateEventA(nil, 0, 0, nil)
    #expect(CompareObjectHandles(null, event) == 0)
    #expect(fails(ERROR_INVALID_HANDLE) { CompareObjectHandles(null, nil) })
    for handle in [null, second, event] { CloseHandle(handle) }
  }
}

extension WinsockSuite {
  @Suite struct FileSocketTests {
    @Test("ReadFile's and WriteFile's pages: a socket's handle, also overlapped; TransmitFile with CreateFile's handle")
    func sockets() throws {
      let folder = try TemporaryFolder()
      try started {
        try withPair { client, server in
          let (near, far) = (HANDLE(bitPattern: UInt(client)), HANDLE(bitPattern: UInt(server)))
          var (count, buffer) = (DWORD(0), [CChar](repeating: 0, count: 16))
          #expect(GetFileType(near) == DWORD(FILE_TYPE_PIPE))
          #expect(WriteFile(near, "hi", 2, &count, nil) == 1 && count == 2)
          #expect(ReadFile(far, &buffer, 16, &count, nil) == 1 && text(buffer) == "hi")
          let operation = SharedMemory(OVERLAPPED())
          #expect(fails(ERROR_IO_PENDING) { ReadFile(far, &buffer, 16, nil, operation.pointer) })
          #expect(WriteFile(near, "late", 4, &count, nil) == 1)
          #expect(GetOverlappedResult(far, operation.pointer, &count, 1) == 1 && count == 4)
          let path = folder.path + "/file"
          try "sent".write(toFile: path, atomically: true, encoding: .utf8)
          let file = create(path, GENERIC_READ, OPEN_EXISTING)
          #expect(TransmitFile(client, file, 0, 0, nil, nil, 0) == 1)
          #expect(receive(server) == (4, "sent"))
          var flags: DWORD = 0
          #expect(GetHandleInformation(near, &flags) == 1 && flags == HANDLE_FLAG_INHERIT)
          CloseHandle(file)
        }
      }
    }
  }
}
