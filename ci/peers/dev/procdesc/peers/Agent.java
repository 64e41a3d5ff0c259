package dev.procdesc.peers;

import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.security.ProtectionDomain;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/**
 * A Java agent that makes the classes of the application start their children by this library:
 * calls of {@code ProcessBuilder.start} and {@code Runtime.exec} become calls of {@link Starts}.
 * The classes of the JDK and of the library are not changed.
 */
public final class Agent implements ClassFileTransformer {
  private static final String STARTS = Starts.class.getName().replace('.', '/');

  /** Called by the JVM. */
  public static void premain(String arguments, Instrumentation instrumentation) {
    instrumentation.addTransformer(new Agent());
  }

  @Override
  public byte[] transform(
      ClassLoader loader, String name, Class<?> old, ProtectionDomain domain, byte[] file) {
    boolean ofJdk = loader == null || loader == ClassLoader.getPlatformClassLoader();
    if (ofJdk || name == null || name.startsWith("dev/procdesc/")) {
      return null;
    }
    ClassReader reader = new ClassReader(file);
    ClassWriter writer = new ClassWriter(reader, 0);
    reader.accept(new Classes(writer), 0);
    return writer.toByteArray();
  }

  private static final class Classes extends ClassVisitor {
    Classes(ClassVisitor next) {
      super(Opcodes.ASM9, next);
    }

    @Override
    public MethodVisitor visitMethod(
        int access, String name, String descriptor, String signature, String[] exceptions) {
      return new Calls(super.visitMethod(access, name, descriptor, signature, exceptions));
    }
  }

  private static final class Calls extends MethodVisitor {
    Calls(MethodVisitor next) {
      super(Opcodes.ASM9, next);
    }

    @Override
    public void visitMethodInsn(
        int opcode, String owner, String name, String descriptor, boolean isInterface) {
      boolean starts = opcode == Opcodes.INVOKEVIRTUAL
          && (owner.equals("java/lang/ProcessBuilder") && name.equals("start")
              || owner.equals("java/lang/Runtime") && name.equals("exec"));
      if (starts) {
        String withReceiver = "(L" + owner + ";" + descriptor.substring(1);
        super.visitMethodInsn(Opcodes.INVOKESTATIC, STARTS, name, withReceiver, false);
      } else {
        super.visitMethodInsn(opcode, owner, name, descriptor, isInterface);
      }
    }
  }
}
